import assert from "node:assert/strict"
import { test } from "node:test"
import { subnetPool } from "../../placement/testing/facts.ts"
import { indexFleet } from "../facts/fleet-index.ts"
import { node, pod, smallFleet } from "../testing/small-fleet.ts"
import { explainEniConfig } from "./explain-eniconfig.ts"
import { explainNode } from "./explain-node.ts"
import { explainPod } from "./explain-pod.ts"
import { explainSubnet } from "./explain-subnet.ts"

const fact = (e: { facts: readonly { name: string; value: string }[] }, name: string) =>
  e.facts.find((f) => f.name === name)?.value

test("a node's explanation names the deciding object and the key that named it", () => {
  const index = indexFleet(smallFleet())
  const explanation = explainNode(index, index.node("node-a")!)
  assert.equal(explanation.ok, true)
  assert.equal(fact(explanation, "decided by"), "ENIConfig/us-west-2a")
  const chosen = explanation.trace.find((s) => s.verdict === "chosen")
  assert.equal(chosen?.subject, "label topology.kubernetes.io/zone")
})

test("interfaces of pods with a placement of their own are not the node's strays", () => {
  const base = smallFleet()
  const eni = { ...base.aws!.interfaces[1]!, subnetId: "subnet-pods-b" }
  const interfaces = base.aws!.interfaces.map((i) => (i.id === eni.id ? eni : i))
  const network = {
    apiVersion: "berth.dev/v1alpha1",
    kind: "NodeNetwork",
    metadata: { name: "node-a" },
    status: {
      placements: [],
      conditions: [],
      interfaces: [{ id: eni.id, placement: "pool:blue" }],
    },
  }
  const step = (nodeNetworks: unknown[]) => {
    const cluster = { nodeNetworks: nodeNetworks as never }
    const index = indexFleet(smallFleet({ cluster, aws: { interfaces } }))
    return explainNode(index, index.node("node-a")!).trace.find((s) => s.subject === eni.id)
  }
  assert.equal(step([])?.verdict, "refused")
  assert.equal(step([network])?.verdict, "noted")
  assert.match(step([network])?.why ?? "", /^for pods of pool:blue/)
})

test("an annotation that names a missing ENIConfig is refused, with what to do", () => {
  const annotated = node("a", { annotations: { "k8s.amazonaws.com/eniConfig": "batch" } })
  const index = indexFleet(smallFleet({ cluster: { nodes: [annotated, node("b")] } }))
  const explanation = explainNode(index, annotated)
  assert.equal(explanation.ok, false)
  assert.match(explanation.answer, /ENIConfig "batch".*does not exist/)
  assert.match(explanation.hint ?? "", /Create it/)
})

test("a stuck pod's explanation says why its node has no placement", () => {
  const stuck = pod("web-3", "b")
  const index = indexFleet(smallFleet({ cluster: { pods: [stuck], eniConfigs: [] } }))
  const explanation = explainPod(index, stuck)
  assert.equal(explanation.ok, false)
  assert.match(explanation.answer, /ENIConfig "us-west-2b"/)
})

test("a stuck pod's explanation gives the doctor's cause and fix, and what the plugin said", () => {
  const stuck = pod("web-3", "b")
  const warning = {
    at: "",
    kind: "Pod",
    namespace: "shop",
    name: "web-3",
    reason: "FailedCreatePodSandBox",
    message: "add cmd: failed to assign an IP address to container",
    count: 9,
  }
  const index = indexFleet(smallFleet({ cluster: { pods: [stuck], warnings: [warning] } }))
  const explanation = explainPod(index, stuck)
  assert.match(explanation.answer, /they cool down/)
  assert.equal(fact(explanation, "cause"), "cool-down")
  assert.match(explanation.hint ?? "", /^Wait/)
  assert.match(fact(explanation, "last warning") ?? "", /failed to assign an IP address/)
})

test("a pod beyond its namespace's quota is explained by it", () => {
  const stuck = pod("web-3", "a")
  const pool = subnetPool("red", {
    ...{ podSelector: {}, subnets: [{ id: "subnet-pods-a" }], quotaPerNamespace: 2 },
  })
  const denial = {
    ...{ pool: "red", namespace: "shop", pods: ["uid-3"], code: "ipam/quota-reached" },
    ...{ message: "namespace shop has 2 addresses", hint: "Raise it." },
  }
  const quota = { term: "t", granted: [], withdrawn: [], denied: [denial] }
  const record = {
    ...{ apiVersion: "berth.dev/v1alpha1", kind: "NodeNetwork", metadata: { name: "node-a" } },
    spec: {} as never,
    status: { placements: [], interfaces: [], conditions: [], quota },
  }
  const cluster = { pods: [stuck], subnetPools: [pool], nodeNetworks: [record] }
  const explanation = explainPod(indexFleet(smallFleet({ cluster })), stuck)
  assert.deepEqual([explanation.answer, explanation.hint], [denial.message, denial.hint])
})

test("off-VPC traffic leaves with the node's address and interface, unless SNAT is external", () => {
  const snapshot = smallFleet()
  const index = indexFleet(snapshot)
  const web = snapshot.cluster.pods[0]!
  const translated = explainPod(index, web, "8.8.8.8")
  assert.match(fact(translated, "source address") ?? "", /^10\.0\.0\.4 \(translated/)
  assert.match(fact(translated, "leaves by") ?? "", /^eni-a0 in subnet-nodes-a, the node's primary/)
  assert.match(fact(translated, "route") ?? "", /0\.0\.0\.0\/0 to nat-1/)

  const env = { ...snapshot.cluster.daemonSet!.env, AWS_VPC_K8S_CNI_EXTERNALSNAT: "true" }
  const external = indexFleet({
    ...snapshot,
    cluster: { ...snapshot.cluster, daemonSet: { ...snapshot.cluster.daemonSet!, env } },
  })
  const kept = explainPod(external, web, "8.8.8.8")
  assert.match(fact(kept, "source address") ?? "", /^100\.64\.0\.10 /)
  assert.match(fact(kept, "leaves by") ?? "", /^eni-a1 in subnet-pods-a$/)
})

test("who is behind a NAT gateway is seen by its address, once that was read", () => {
  const snapshot = smallFleet()
  const seen = (aws: Parameters<typeof smallFleet>[0] = {}) =>
    fact(
      explainPod(indexFleet(smallFleet(aws)), snapshot.cluster.pods[0]!, "8.8.8.8"),
      "seen there as",
    )
  const natGateways = [{ id: "nat-1", publicAddress: "203.0.113.9", privateAddress: "10.0.0.30" }]
  assert.equal(seen(), "the address of nat-1 (not read)")
  assert.equal(seen({ aws: { natGateways } }), "203.0.113.9 (nat-1)")
  assert.equal(seen({ aws: { routeTables: [] } }), "not known")
  const table = snapshot.aws!.routeTables[0]!
  const routeTables = [{ ...table, routes: table.routes.slice(0, 2) }]
  assert.equal(seen({ aws: { routeTables } }), "nothing arrives")
})

test("a pod with security groups of its own leaves with its own address, unless the mode is standard", () => {
  const { cluster } = smallFleet()
  const securityGroupPolicies = [
    {
      apiVersion: "vpcresources.k8s.aws/v1beta1",
      kind: "SecurityGroupPolicy",
      metadata: { name: "db", namespace: "shop" },
      spec: { podSelector: {}, securityGroups: { groupIds: ["sg-pods"] } },
    },
  ]
  const source = (mode: string) => {
    const set = cluster.daemonSet!
    const env = { ...set.env, POD_SECURITY_GROUP_ENFORCING_MODE: mode }
    const change = { securityGroupPolicies, daemonSet: { ...set, env } }
    const index = indexFleet(smallFleet({ cluster: change }))
    return fact(explainPod(index, cluster.pods[0]!, "8.8.8.8"), "source address")
  }
  assert.match(source("strict") ?? "", /^100\.64\.0\.10 /)
  assert.match(source("standard") ?? "", /^10\.0\.0\.4 /)
})

test("a pod on the host's network leaves as the node", () => {
  const { cluster } = smallFleet()
  const onHost = { ...cluster.pods[0]!, hostNetwork: true as const, ip: "10.0.0.4" }
  const explained = explainPod(indexFleet(smallFleet()), onHost, "100.64.32.10")
  assert.equal(fact(explained, "seen there as"), "10.0.0.4")
})

test("in-VPC traffic keeps the pod's address, by the pod's own interface", () => {
  const snapshot = smallFleet()
  const inside = explainPod(indexFleet(snapshot), snapshot.cluster.pods[0]!, "100.64.32.10")
  assert.match(fact(inside, "source address") ?? "", /^100\.64\.0\.10 \(inside the VPC/)
  assert.match(fact(inside, "leaves by") ?? "", /^eni-a1/)
})

test("an ENIConfig whose subnet is in another zone than its nodes says so", () => {
  const snapshot = smallFleet()
  const [a] = snapshot.cluster.eniConfigs
  const wrong = { ...a!, spec: { ...a!.spec, subnet: "subnet-pods-b" } }
  const explanation = explainEniConfig(
    indexFleet(smallFleet({ cluster: { eniConfigs: [wrong] } })),
    wrong,
  )
  assert.equal(explanation.ok, false)
  assert.match(explanation.answer, /another zone/)
})

test("a full subnet is not ok, and its holders are ranked", () => {
  const snapshot = smallFleet()
  const full = { ...snapshot.aws!.subnets[2]!, availableAddresses: 0 }
  const explanation = explainSubnet(indexFleet(smallFleet({ aws: { subnets: [full] } })), full)
  assert.equal(explanation.ok, false)
  assert.equal(explanation.trace[0]?.subject, "node node-a")
  assert.match(explanation.trace[0]?.why ?? "", /^10 addresses on 1 interface$/)
})
