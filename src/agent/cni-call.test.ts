import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { BerthError } from "../errors/berth-error.ts"
import { parseCall, supportedVersions } from "./cni-call.ts"
import { addResult, errorResult } from "./cni-reply.ts"

const variables = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/c1",
  CNI_IFNAME: "eth0",
  CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p",
}
const config = { cniVersion: "1.0.0", name: "aws-cni", type: "berth-cni" }

function parse(env: Record<string, string | undefined> = {}, json: unknown = config) {
  const lines = Object.entries({ ...variables, ...env })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}\n`)
  const text = typeof json === "string" ? json : JSON.stringify(json)
  return parseCall(Buffer.from(`${lines.join("")}\n${text}`))
}

test("a call is read", () => {
  assert.deepEqual(parse(), {
    command: "ADD",
    version: "1.0.0",
    key: { network: "aws-cni", containerID: "c1", ifName: "eth0" },
    netns: "/run/netns/c1",
    pod: { namespace: "ns", name: "p" },
    valid: [],
  })
})

test("outside Kubernetes the container stands for the pod", () => {
  assert.deepEqual(parse({ CNI_ARGS: undefined }).pod, { namespace: "", name: "c1" })
})

test("DEL may come without a namespace, GC and STATUS without a container", () => {
  assert.equal(parse({ CNI_COMMAND: "DEL", CNI_NETNS: undefined }).netns, "")
  const network = { CNI_CONTAINERID: undefined, CNI_IFNAME: undefined, CNI_NETNS: undefined }
  const attachments = { "cni.dev/valid-attachments": [{ containerID: "a", ifname: "eth0" }] }
  const gc = parse({ ...network, CNI_COMMAND: "GC" }, { ...config, ...attachments })
  assert.deepEqual(gc.valid, [{ containerID: "a", ifName: "eth0" }])
  assert.equal(parse({ ...network, CNI_COMMAND: "STATUS" }).command, "STATUS")
})

const refused: [string, number, Record<string, string | undefined>, unknown?][] = [
  ["an unknown command", 4, { CNI_COMMAND: "UPDATE" }],
  ["no command", 4, { CNI_COMMAND: undefined }],
  ["no container", 4, { CNI_CONTAINERID: undefined }],
  ["a container id that names a file elsewhere", 4, { CNI_CONTAINERID: "../x" }],
  ["no interface name", 4, { CNI_IFNAME: "" }],
  ["an interface name of 16 bytes", 4, { CNI_IFNAME: "0123456789abcdef" }],
  ["an interface name with a slash", 4, { CNI_IFNAME: "eth/0" }],
  ["ADD without a namespace", 4, { CNI_NETNS: undefined }],
  ["a configuration that is not JSON", 7, {}, "{"],
  ["a configuration that is no object", 7, {}, "[]"],
  ["a configuration without a name", 7, {}, { cniVersion: "1.0.0" }],
  ["version 0.2.0", 1, {}, { ...config, cniVersion: "0.2.0" }],
  ["no version, which means 0.1.0", 1, {}, { name: "aws-cni" }],
  ["a version from the future", 1, {}, { ...config, cniVersion: "2.0.0" }],
]
for (const [what, code, env, json] of refused) {
  test(`refused with CNI code ${code}: ${what}`, () => {
    assert.throws(
      () => parse(env, json ?? config),
      (error) => error instanceof BerthError && error.cni === code,
    )
  })
}

test("whatever arrives on the socket is read or refused, never an accident", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((j) => `CNI_COMMAND=GC\n\n${j}`),
      ),
      (text) => {
        try {
          parseCall(Buffer.from(text))
        } catch (error) {
          assert.ok(error instanceof BerthError, String(error))
        }
      },
    ),
  )
})

const wired = {
  hostLink: "enia1b2",
  hostMac: "02:00:00:00:00:01",
  podLink: "eth0",
  podMac: "02:00:00:00:00:02",
  netns: "/run/netns/c1",
  mtu: 9001,
  address: "10.0.0.5/32",
  gateway: "169.254.1.1",
}

test("W28: the result names both ends with their MACs, the sandbox and the route, in every version", () => {
  for (const version of supportedVersions) {
    const result = JSON.parse(addResult(version, wired))
    assert.equal(result.cniVersion, version)
    const [host, pod] = result.interfaces
    assert.deepEqual([host.name, host.mac, host.sandbox], ["enia1b2", wired.hostMac, undefined])
    assert.deepEqual([pod.name, pod.mac, pod.sandbox], ["eth0", wired.podMac, wired.netns])
    assert.equal(pod.mtu, version === "1.1.0" ? 9001 : undefined)
    const [ip] = result.ips
    assert.deepEqual([ip.address, ip.gateway, ip.interface], ["10.0.0.5/32", "169.254.1.1", 1])
    assert.equal(ip.version, version.startsWith("0.") ? "4" : undefined)
    assert.deepEqual(result.routes, [{ dst: "0.0.0.0/0", gw: "169.254.1.1" }])
  }
})

test("what is not of the catalogue is code 999, with its message", () => {
  const { code, msg, cniVersion } = JSON.parse(errorResult("0.4.0", new Error("boom")))
  assert.deepEqual([code, msg, cniVersion], [999, "boom", "0.4.0"])
})
