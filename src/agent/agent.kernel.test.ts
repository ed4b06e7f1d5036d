// The real agent process and the real plugin process in a network namespace of their own.
import assert from "node:assert/strict"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { namespaceRights } from "../kernel/rights.ts"
import { vethNames } from "./network/veth-name.ts"
import { installPlugin } from "./plugin-install.ts"
import { until } from "./testing/agent-world.ts"
import { podInterface, primaryInterface } from "./testing/fake-controller.ts"
import { type NodeLab, nodeLab, type PluginRun } from "./testing/node-lab.ts"

const rights = namespaceRights()
const options = rights.allowed ? {} : { skip: `no network namespaces here: ${rights.why}` }

const addressOf = ({ output }: PluginRun) => (output["ips"] as { address: string }[])[0]?.address
const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`)

async function serve(lab: NodeLab, addresses: number) {
  const interfaces = [primaryInterface(), podInterface(1, addresses)]
  for (const eni of interfaces) lab.attach(eni)
  lab.startAgent()
  await until("spec", () => lab.controller.read())
  await lab.controller.grant(interfaces)
  // A runtime calls nothing before the network configuration is there, and the plugin is installed before that. The
  // first start on a machine compiles it, which takes a moment longer than stating demand.
  await until("plugin", () => existsSync(join(lab.environment.HOST_CNI_BIN_PATH, "berth-cni")))
}

test("a pod is attached by the plugin process, found intact, and detached", options, async () => {
  await using lab = await nodeLab()
  await serve(lab, 3)
  lab.sandbox("c1")
  const added = await lab.plugin("ADD", "c1")
  assert.equal(added.code, 0, JSON.stringify(added.output))
  const [, pod] = added.output["interfaces"] as { mac: string; sandbox: string }[]
  using namespace = lab.kernel.open(pod?.sandbox ?? "")
  assert.equal(namespace?.link("eth0")?.mac, pod?.mac)
  assert.deepEqual(namespace?.addresses("eth0"), [{ link: "eth0", address: "100.64.1.11/32" }])
  assert.deepEqual((await lab.plugin("CHECK", "c1", { prevResult: added.output })).output, {})
  lab.host.apply([{ do: "removeRoute", route: { to: "100.64.1.11/32", table: 254 } }])
  const damaged = await lab.plugin("CHECK", "c1", { prevResult: added.output })
  assert.equal(damaged.output["code"], 100)
  assert.equal((await lab.plugin("DEL", "c1")).code, 0)
  assert.equal(
    lab.host.rules().some((rule) => rule.to === "100.64.1.11/32"),
    false,
  )
})

test("on a host without a compiler the plugin is the script for Node", options, async () => {
  await using lab = await nodeLab()
  await serve(lab, 1)
  const { HOST_CNI_BIN_PATH: bin, BERTH_SOCKET: socket } = lab.environment
  const script = fileURLToPath(new URL("../cni/relay.mjs", import.meta.url))
  await installPlugin(bin, socket, { relay: { kind: "node", path: script } })
  lab.sandbox("c1")
  const added = await lab.plugin("ADD", "c1")
  assert.equal(addressOf(added), "100.64.1.11/32", JSON.stringify(added.output))
  assert.deepEqual((await lab.plugin("CHECK", "c1", { prevResult: added.output })).output, {})
  assert.equal((await lab.plugin("DEL", "c1")).code, 0)
  assert.deepEqual(
    lab.host.rules().filter((rule) => rule.priority === 512),
    [],
  )
})

test(
  "an agent that is killed in a burst of ADDs, and again, fails none of them and gives no address twice",
  options,
  async () => {
    await using lab = await nodeLab()
    await serve(lab, 60)
    for (const name of names(40)) lab.sandbox(name)
    const adds = names(40).map((name) => lab.plugin("ADD", name))
    let ended = 0
    for (const add of adds) void add.then(() => ended++)
    for (const after of [5, 15]) {
      await until(`${after} pods attached`, () => ended >= after)
      await lab.stopAgent("SIGKILL")
      lab.startAgent()
    }
    const runs = await Promise.all(adds)
    for (const run of runs) assert.equal(run.code, 0, JSON.stringify(run.output))
    const addresses = runs.map(addressOf)
    assert.equal(new Set(addresses).size, 40)
    const routed = lab.host.routes(254).filter((r) => r.to.startsWith("100.64.1."))
    assert.deepEqual(
      routed.map((r) => r.to.replace("/32", "")).sort(),
      addresses.map((a) => a?.replace("/32", "")).sort(),
    )
    for (const run of await Promise.all(names(40).map((name) => lab.plugin("DEL", name)))) {
      assert.equal(run.code, 0)
    }
    assert.deepEqual(
      lab.host.rules().filter((r) => r.priority === 512),
      [],
    )
  },
)

test("an ADD that waits for supply is carried over a restart of the agent", options, async () => {
  await using lab = await nodeLab()
  await serve(lab, 0)
  lab.sandbox("c1")
  const add = lab.plugin("ADD", "c1")
  const waiting = async () => (await lab.controller.read())?.spec.demand[0]?.waiting === 1
  await until("in line", waiting)
  await lab.stopAgent("SIGTERM")
  lab.startAgent()
  await lab.controller.grant([primaryInterface(), podInterface(1, 1)])
  assert.equal(addressOf(await add), "100.64.1.11/32")
})

test("W23: DEL without an agent says try again, and the address is not lost", options, async () => {
  await using lab = await nodeLab({ IP_COOLDOWN_PERIOD: "0" })
  await serve(lab, 1)
  lab.sandbox("c1")
  lab.sandbox("c2")
  assert.equal((await lab.plugin("ADD", "c1")).code, 0)
  await lab.stopAgent()
  const down = await lab.plugin("DEL", "c1", {}, { BERTH_CNI_DEADLINE_MS: "500" })
  assert.deepEqual([down.code, down.output["code"]], [1, 11])
  lab.startAgent()
  assert.equal((await lab.plugin("DEL", "c1")).code, 0)
  assert.equal(addressOf(await lab.plugin("ADD", "c2")), "100.64.1.11/32")
})

test(
  "W23: the address of a sandbox that went without DEL is found and freed",
  options,
  async () => {
    await using lab = await nodeLab({ IP_COOLDOWN_PERIOD: "0" })
    await serve(lab, 2)
    for (const name of names(3)) lab.sandbox(name)
    assert.equal((await lab.plugin("ADD", "c0")).code, 0)
    assert.equal((await lab.plugin("ADD", "c1")).code, 0)
    lab.removeSandbox("c0")
    // The kernel takes the links of a namespace away a moment after its last reference.
    await until(
      "host link gone",
      () => lab.host.links().filter((l) => l.name.startsWith("eni")).length === 1,
    )
    await lab.stopAgent("SIGKILL")
    lab.startAgent()
    assert.equal(addressOf(await lab.plugin("ADD", "c2")), "100.64.1.11/32")
  },
)

test(
  "pods that Amazon VPC CNI attached keep their addresses when Berth takes the node over",
  options,
  async () => {
    await using lab = await nodeLab({ IP_COOLDOWN_PERIOD: "0" })
    const metadata = { k8sPodNamespace: "default", k8sPodName: "old" }
    const allocation = { networkName: "aws-cni", containerID: "old", ifName: "eth0", metadata }
    writeFileSync(
      lab.environment.AWS_VPC_K8S_CNI_BACKING_STORE,
      JSON.stringify({
        version: "vpc-cni-ipam/1",
        allocations: [{ ...allocation, ipv4: "100.64.1.11", allocationTimestamp: 1 }],
      }),
    )
    lab.sandbox("old")
    lab.sandbox("new")
    const sandbox = { namespace: "default", pod: "old", containerId: "old", interfaceName: "eth0" }
    using old = lab.kernel.open(`${lab.folder}/netns/old`)!
    lab.host.apply([
      {
        do: "addVeth",
        name: vethNames("eni", sandbox)[0],
        mtu: 9001,
        up: true,
        peer: { name: "eth0", in: old },
      },
      { do: "putRule", rule: { priority: 1536, from: "100.64.1.11/32", table: 2 } },
      { do: "putRule", rule: { priority: 512, to: "100.64.1.11/32", table: 254 } },
    ])
    await serve(lab, 2)
    assert.equal(addressOf(await lab.plugin("ADD", "new")), "100.64.1.12/32")
    const { lost, interfaces } = (await lab.ask("/v1/enis")) as {
      lost: unknown[]
      interfaces: { id: string; counts: { held: number } }[]
    }
    assert.deepEqual([lost, interfaces.find((i) => i.id === "eni-1")?.counts.held], [[], 2])
    const attached = (await lab.ask("/v1/pods")) as { held: { interfaceID: string } }[]
    assert.deepEqual(
      attached.map((a) => a.held.interfaceID),
      ["eni-1", "eni-1"],
    )
    assert.equal((await lab.plugin("DEL", "old")).code, 0)
    assert.equal(
      lab.host.rules().some((r) => r.from === "100.64.1.11/32"),
      false,
    )
  },
)

test(
  "a state folder that is emptied under running pods makes no address held twice",
  options,
  async () => {
    await using lab = await nodeLab()
    await serve(lab, 3)
    for (const name of names(3)) lab.sandbox(name)
    const kept = [await lab.plugin("ADD", "c0"), await lab.plugin("ADD", "c1")].map(addressOf)
    await lab.stopAgent("SIGKILL")
    rmSync(lab.environment.BERTH_STATE_DIR, { recursive: true })
    lab.startAgent()
    await until("spec", () => lab.controller.read())
    await lab.controller.grant([primaryInterface(), podInterface(1, 3)])
    const next = await lab.plugin("ADD", "c2")
    assert.equal(next.code, 0, lab.log())
    assert.equal(kept.includes(addressOf(next)), false)
    assert.deepEqual((await lab.plugin("CHECK", "c2", { prevResult: next.output })).output, {})
    assert.equal((await lab.plugin("DEL", "c0")).code, 0)
    assert.equal(
      lab.host.rules().some((rule) => rule.to === kept[0]),
      false,
    )
  },
)

test("traffic rules follow the VPC's blocks", options, async () => {
  await using lab = await nodeLab()
  await serve(lab, 1)
  const knows = async (block: string) =>
    JSON.stringify((await lab.host.nftTable("ip", "berth")) ?? "").includes(block)
  await until("first rules", () => knows("100.64.0.0"))
  const vpc = { id: "vpc-1", cidrs: ["10.0.0.0/16", "100.64.0.0/16", "172.20.0.0/16"] }
  await lab.controller.grant([primaryInterface(), podInterface(1, 1)], { vpc })
  await until("new block", () => knows("172.20.0.0"))
})
