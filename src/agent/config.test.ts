import assert from "node:assert/strict"
import { test } from "node:test"
import { BerthError } from "../errors/berth-error.ts"
import { readConfig } from "./config.ts"
import { environment } from "./environment/environment.ts"

const read = (env: Record<string, string>) => readConfig({ MY_NODE_NAME: "n1", ...env })
const values = (env: Record<string, string>) => read(env).config.values
const refusal = (env: Record<string, string>) => {
  try {
    read(env)
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === "agent/bad-environment")
    return error.message
  }
  return assert.fail(`${JSON.stringify(env)} was accepted`)
}

test("an empty environment means the documented defaults", () => {
  const { config, notices } = read({})
  assert.deepEqual(notices, [])
  assert.deepEqual(config.mode, {
    customNetworking: false,
    subnetDiscovery: true,
    prefixDelegation: false,
    provisioning: true,
    manageUntagged: true,
    manageWhenUnschedulable: false,
    annotationKey: "k8s.amazonaws.com/eniConfig",
    labelKey: "k8s.amazonaws.com/eniConfig",
  })
  assert.deepEqual(config.targets, {})
  assert.equal(config.cooldownMs, 30_000)
  assert.equal(config.values.AWS_VPC_K8S_CNI_CONNMARK, 0x80)
  assert.equal(config.values.AWS_VPC_ENI_MTU, 9001)
})

test("the defaults shown in the reference are the values in use", () => {
  for (const [name, v] of Object.entries(environment)) {
    if (v.default === "") continue
    assert.deepEqual(v.parse(v.default), v.initial, name)
  }
})

test("both forms of Go's booleans, and nothing else", () => {
  for (const text of ["1", "t", "T", "TRUE", "true", "True"])
    assert.equal(
      read({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: text }).config.mode.customNetworking,
      true,
    )
  for (const text of ["0", "f", "F", "FALSE", "false", "False", "", " "])
    assert.equal(
      read({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: text }).config.mode.customNetworking,
      false,
    )
  for (const text of ["ture", "yes", "tRUE", "on"])
    assert.match(refusal({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: text }), /expected true or false/)
})

test("the values of the stock manifest are taken without a word", () => {
  const { notices } = read({
    ADDITIONAL_ENI_TAGS: "{}",
    AWS_VPC_CNI_NODE_PORT_SUPPORT: "true",
    AWS_VPC_ENI_MTU: "9001",
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "false",
    AWS_VPC_K8S_CNI_EXTERNALSNAT: "false",
    AWS_VPC_K8S_CNI_LOGLEVEL: "DEBUG",
    AWS_VPC_K8S_CNI_LOG_FILE: "/host/var/log/aws-routed-eni/ipamd.log",
    AWS_VPC_K8S_CNI_RANDOMIZESNAT: "prng",
    AWS_VPC_K8S_CNI_VETHPREFIX: "eni",
    DISABLE_INTROSPECTION: "false",
    DISABLE_METRICS: "false",
    DISABLE_NETWORK_RESOURCE_PROVISIONING: "false",
    ENABLE_IMDS_ONLY_MODE: "false",
    ENABLE_IPv4: "true",
    ENABLE_IPv6: "false",
    ENABLE_MULTI_NIC: "false",
    ENABLE_POD_ENI: "false",
    ENABLE_PREFIX_DELEGATION: "false",
    ENABLE_SUBNET_DISCOVERY: "true",
    WARM_ENI_TARGET: "1",
    WARM_PREFIX_TARGET: "1",
  })
  assert.deepEqual(notices, [])
})

test("warm targets: absent, zero and negative values mean what they mean in the original", () => {
  const targets = (env: Record<string, string>) => read(env).config.targets
  assert.deepEqual(targets({ WARM_ENI_TARGET: "0" }), { warmENI: 0 })
  assert.deepEqual(targets({ WARM_ENI_TARGET: "2", WARM_IP_TARGET: "0" }), { warmENI: 2 })
  assert.deepEqual(targets({ WARM_IP_TARGET: "5", MINIMUM_IP_TARGET: "10" }), {
    warmIP: 5,
    minimumIP: 10,
  })
  assert.deepEqual(targets({ WARM_ENI_TARGET: "-1", WARM_IP_TARGET: "many" }), {})
  assert.deepEqual(targets({ MAX_ENI: "-1" }), {})
  assert.deepEqual(targets({ MAX_ENI: "0" }), {})
  assert.deepEqual(targets({ MAX_ENI: "3" }), { maxENI: 3 })
})

test("a value that cannot be used and has a safe default is reported", () => {
  const { notices } = read({ WARM_IP_TARGET: "many" })
  assert.deepEqual(notices, [
    {
      variable: "WARM_IP_TARGET",
      received: "many",
      message: "expected a whole number, 0 or more; the default (not set) is used",
    },
  ])
})

test("a known variable that is not served is reported with what to do instead", () => {
  const [notice] = read({ ENABLE_MULTI_NIC: "true" }).notices
  assert.equal(notice?.variable, "ENABLE_MULTI_NIC")
  assert.match(notice?.message ?? "", /^not served: every pod has one interface$/)
})

test("a misspelt variable is reported with the name that was meant; links to Services are not", () => {
  const { notices } = read({
    WARM_IP_TARGETS: "5",
    BERTH_CONTROLLER_SERVICE_HOST: "10.100.0.1",
    BERTH_CONTROLLER_PORT_8443_TCP: "tcp://10.100.0.1:8443",
  })
  assert.equal(notices.length, 1)
  assert.match(notices[0]?.message ?? "", /did you mean WARM_IP_TARGET\?/)
})

test("all problems are told at once", () => {
  const message = refusal({
    AWS_VPC_ENI_MTU: "1",
    AWS_VPC_K8S_CNI_VETHPREFIX: "eth",
    ENABLE_IPv6: "1",
  })
  assert.match(message, /AWS_VPC_ENI_MTU="1": expected a whole number, 576 to 9001/)
  assert.match(message, /AWS_VPC_K8S_CNI_VETHPREFIX="eth"/)
  assert.match(message, /ENABLE_IPv6="1": expected false: Berth serves IPv4 pods only/)
})

test("CIDR lists are normalised; a bad block is refused", () => {
  const list = (text: string) =>
    values({ AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: text }).AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS
  assert.deepEqual(list("10.1.2.3/16, 192.168.0.0/24,"), ["10.1.0.0/16", "192.168.0.0/24"])
  for (const bad of ["10.0.0.0", "10.0.0.0/33", "fd00::/8", "10.0.0/8"])
    refusal({ AWS_EXTERNAL_SERVICE_CIDRS: bad })
})

test("tags: reserved keys are left out, bad JSON is reported", () => {
  const tags = (text: string) => read({ ADDITIONAL_ENI_TAGS: text })
  assert.deepEqual(
    tags('{"team":"net","node.k8s.amazonaws.com/x":"y"}').config.mode.additionalTags,
    {
      team: "net",
    },
  )
  for (const bad of ["{", "[]", '{"a":1}']) assert.equal(tags(bad).notices.length, 1)
})

test("the connection mark may be written in hexadecimal", () => {
  assert.equal(values({ AWS_VPC_K8S_CNI_CONNMARK: "0x100" }).AWS_VPC_K8S_CNI_CONNMARK, 256)
  assert.equal(read({ AWS_VPC_K8S_CNI_CONNMARK: "0" }).notices.length, 1)
})
