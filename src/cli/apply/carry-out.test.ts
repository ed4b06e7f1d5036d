// Apply against the real SDK and the lab's EC2, with Kubernetes in memory.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import type { DaemonSet } from "../../api/core.ts"
import type { NodeRotationSpec, NodeRotationStatus } from "../../api/noderotation.ts"
import { daemonSets, eniConfigs, nodes } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import { createCloud } from "../../ec2/memory/cloud.ts"
import { associateRouteTable, createRouteTable } from "../../ec2/memory/routing.ts"
import { createSubnet } from "../../ec2/memory/subnets.ts"
import { createVpc } from "../../ec2/memory/vpcs.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { type PlanDocument, planDocument } from "../../fleet/plan/plan-document.ts"
import { plainFleet, planRequest } from "../../fleet/testing/plain-fleet.ts"
import { smallFleet } from "../../fleet/testing/small-fleet.ts"
import type { Kube } from "../../kube/kube.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { AutoScaling } from "../../lab/aws/autoscaling/auto-scaling.ts"
import { createAwsServer } from "../../lab/aws/aws-server.ts"
import { Eks } from "../../lab/aws/eks/eks.ts"
import { vpcCniAddon } from "../../lab/world/vpc-cni-addon.ts"
import type { RotationHome, RotationRecord } from "../rotate/rotation-home.ts"
import { type AddonCalls, sdkAddon } from "./addon-calls.ts"
import { openState } from "./apply-state.ts"
import { type Carrying, carryOut, type Progress, takeBack } from "./carry-out.ts"
import type { NetworkCalls } from "./network-calls.ts"
import { sdkNetwork } from "./sdk-network.ts"

process.env["AWS_ACCESS_KEY_ID"] ??= "lab"
process.env["AWS_SECRET_ACCESS_KEY"] ??= "lab"

const vpcId = "vpc-1"

const set: DaemonSet = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "aws-node", namespace: "kube-system" },
  spec: { template: { spec: { containers: [{ name: "aws-node", image: "x", env: [] }] } } },
}

/** The DaemonSet controller of a cluster without nodes: every change is rolled out at once. */
const withRollout = (kube: Kube): Kube => ({
  ...kube,
  async patch(resource, target, patch) {
    const changed = await kube.patch(resource, target, patch)
    const status = { observedGeneration: changed.metadata.generation }
    if (resource.kind === "DaemonSet")
      await kube.patch(resource, target, { type: "merge", body: { status }, subresource: "status" })
    return changed
  },
})

/** Where rotations are kept; one that is followed removes its nodes at once, or stays where `phase` says. */
function memoryHome(kube: Kube) {
  const specs: NodeRotationSpec[] = []
  const at: { phase: NodeRotationStatus["phase"]; record?: RotationRecord } = { phase: "Completed" }
  const home: RotationHome & Disposable = {
    ...{ where: "memory", whenLeft: "", [Symbol.dispose]() {} },
    current: async () => at.record,
    async start(spec) {
      specs.push(spec)
      at.record = { spec, startedAt: "2026-11-23T00:00:00Z" }
    },
    async change(change) {
      if (at.record) at.record = { ...at.record, spec: { ...at.record.spec, ...change } }
    },
    async follow() {
      const { record } = at
      assert.ok(record)
      const phase = record.spec.undo ? "Undone" : at.phase
      const { nodes: names } = record.spec
      if (phase === "Completed") for (const name of names) await kube.remove(nodes, { name })
      const status = { phase, message: "so it is", done: 0, total: names.length, nodes: [] }
      at.record = { ...record, status }
      return status
    },
  }
  return { specs, at, home }
}

async function stage(t: TestContext) {
  const cloud = createCloud({ clock: systemClock, random: Math.random, region: "us-west-2" })
  t.after(() => cloud[Symbol.asyncDispose]())
  createVpc(cloud.core, { id: vpcId, cidr: "10.0.0.0/24" })
  const table = createRouteTable(cloud.core, { vpcId })
  for (const [id, zone, cidr] of [
    ["subnet-nodes-a", "us-west-2a", "10.0.0.0/27"],
    ["subnet-nodes-b", "us-west-2b", "10.0.0.32/27"],
  ] as const) {
    createSubnet(cloud.core, { id, vpcId, zone, cidr })
    associateRouteTable(cloud.core, { tableId: table.id, subnetId: id })
  }
  const kube = withRollout(memoryKube({ clock: systemClock }))
  const groups = new AutoScaling({ cloud })
  const eks = new Eks({
    ...{ cloud, groups, clock: systemClock, applyAddon: vpcCniAddon(kube) },
    cluster: {
      ...{ name: "harbour", version: "1.35", endpoint: "", certificateAuthority: "" },
      ...{ vpcId, subnetIds: [], clusterSecurityGroup: "", serviceCidr: "10.96.0.0/16" },
    },
  })
  eks.installAddon("vpc-cni", "v1.21.1-eksbuild.1")
  const server = createServer(createAwsServer({ cloud, groups, eks })).listen(0, "127.0.0.1")
  t.after(() => {
    eks[Symbol.dispose]()
    groups[Symbol.dispose]()
    server.close()
    server.closeAllConnections()
  })
  await new Promise((resolve) => server.once("listening", resolve))
  const { port } = server.address() as AddressInfo
  const place = { region: "us-west-2", endpoint: `http://127.0.0.1:${port}` }
  const network = sdkNetwork(place)
  const addon = sdkAddon({ ...place, cluster: "harbour" })
  await kube.create(daemonSets, set)
  const folder = mkdtempSync(join(tmpdir(), "berth-apply-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const planned = planDocument(indexFleet(plainFleet()), planRequest)
  const tables = { "us-west-2a": table.id, "us-west-2b": table.id }
  const { specs, at, home } = memoryHome(kube)
  for (const { node: name, instance } of planned.replace)
    await kube.create(nodes, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name },
      spec: { providerID: `aws:///us-west-2a/${instance}` },
    })
  // Nothing is to be replaced besides what the plan says, and nothing is wrong.
  const calm = plainFleet()
  const now = indexFleet({ ...calm, cluster: { ...calm.cluster, nodes: [], pods: [] } })
  const plan: PlanDocument = { ...planned, site: { ...planned.site, routeTables: tables } }
  const events: Progress[] = []
  /** A run as a process of its own would make it: its state is read from the file. */
  const carrying = async (
    change: { -readonly [K in keyof Carrying]?: Carrying[K] } = {},
  ): Promise<Carrying> => ({
    ...{ plan, kube, network, clock: systemClock, signal: AbortSignal.timeout(60_000) },
    store: await openState(join(folder, "plan.json"), JSON.stringify(plan)),
    tell: (event) => events.push(event),
    maxPodsReady: true,
    look: async () => now,
    rotations: { home: async () => home, show: () => () => {}, left() {}, stopWhenBlocked: true },
    ...change,
  })
  const cidrs = async () => ({
    blocks: (await network.blocks(vpcId))
      .filter((b) => b.state === "associated")
      .map((b) => b.cidr),
    subnets: (await network.subnets(vpcId)).map((s) => s.cidr).filter((c) => c.startsWith("100.")),
  })
  const configs = async () => (await kube.list(eniConfigs)).items
  const env = async () => {
    const now = await kube.get(daemonSets, "aws-node", "kube-system")
    return Object.fromEntries(
      (now?.spec.template.spec.containers[0]?.env ?? []).map((e) => [e.name, e.value]),
    )
  }
  return { network, addon, plan, carrying, events, cidrs, configs, env, kube, specs, at }
}

const whole = {
  blocks: ["10.0.0.0/24", "100.64.0.0/16"],
  subnets: ["100.64.0.0/19", "100.64.32.0/19"],
}
const nothing = { blocks: ["10.0.0.0/24"], subnets: [] }

test("a plan is carried out, and taken back but for the nodes", async (t) => {
  const { carrying, cidrs, configs, env, network, plan, specs, events } = await stage(t)
  assert.equal(await carryOut(await carrying()), undefined)
  const [canary, ...rest] = plan.replace.map((r) => r.node)
  assert.deepEqual(
    specs.map((s) => s.nodes),
    [[canary], rest],
  )
  assert.deepEqual(await cidrs(), whole)
  const subnets = await network.subnets(vpcId)
  for (const config of await configs()) {
    const subnet = subnets.find((s) => s.id === config.spec?.subnet)
    assert.equal(subnet?.zone, config.metadata.name)
  }
  assert.deepEqual(await env(), {
    ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone",
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
  })
  await takeBack(await carrying())
  assert.deepEqual(await cidrs(), nothing)
  assert.deepEqual(await configs(), [])
  assert.deepEqual(await env(), {})
  const last = events.flatMap((e) => (e.is === "taken back" && e.stays ? [e.step.id] : []))
  assert.deepEqual(last, ["rotate", "canary"])
})

test("of an add-on the configuration says what the DaemonSet says, whoever has set it before", async (t) => {
  const { carrying, env, addon, kube } = await stage(t)
  // By kubectl, before EKS knew of it: EKS preserves that.
  const name = "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"
  const containers = [{ name: "aws-node", env: [{ name, value: "false" }] }]
  await kube.patch(
    daemonSets,
    { name: "aws-node", namespace: "kube-system" },
    { type: "strategic", body: { spec: { template: { spec: { containers } } } } },
  )
  assert.equal(await carryOut(await carrying({ addon })), undefined)
  const on = { ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone", [name]: "true" }
  assert.deepEqual(await env(), on)
  assert.deepEqual((await addon.read()).configuration, { env: on })
  // Any later update leaves the settings there.
  await addon.update({ env: { ...on, WARM_IP_TARGET: "2" } })
  assert.deepEqual(await env(), { ...on, WARM_IP_TARGET: "2" })
  await takeBack(await carrying({ addon }))
  assert.deepEqual((await addon.read()).configuration, { env: { WARM_IP_TARGET: "2" } })
  assert.deepEqual(await env(), { WARM_IP_TARGET: "2" })
})

test("settings reach an add-on that another update keeps busy at first", async (t) => {
  const { carrying, addon } = await stage(t)
  let looks = 0
  const busy: AddonCalls = {
    ...addon,
    read: async () => ({ ...(await addon.read()), ...(looks++ < 1 && { status: "UPDATING" }) }),
  }
  assert.equal(await carryOut(await carrying({ addon: busy })), undefined)
  const { env } = (await addon.read()).configuration
  assert.deepEqual(env, {
    ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone",
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
  })
})

test("a rotation that stands is gone on with by the next run, and by no second rotation", async (t) => {
  const { carrying, specs, at } = await stage(t)
  at.phase = "Blocked"
  await assert.rejects(carryOut(await carrying()), { code: "cli/gate-closed", exit: 75 })
  at.phase = "Completed"
  assert.equal((await carryOut(await carrying({ until: "canary" })))?.id, "rotate")
  assert.equal(specs.length, 1)
  assert.equal(await carryOut(await carrying()), undefined)
  assert.equal(specs.length, 2)
})

test("somebody else's rotation is left alone, and undo ends its own", async (t) => {
  const { carrying, at, events } = await stage(t)
  at.record = { spec: { nodes: ["x"] }, startedAt: "2026-11-23T00:00:00Z" }
  await assert.rejects(carryOut(await carrying()), { code: "rotation/under-way" })
  delete at.record
  at.phase = "Paused"
  await assert.rejects(carryOut(await carrying()), /--resume/)
  await takeBack(await carrying())
  assert.equal((at.record as RotationRecord | undefined)?.status?.phase, "Undone")
  assert.equal(events.at(-1)?.is, "taken back")
})

test("a node that has the name of a replaced one is not replaced for it", async (t) => {
  const { carrying, plan, specs } = await stage(t)
  const replace = plan.replace.map((r, i) => (i === 0 ? { ...r, instance: "i-gone" } : r))
  await carryOut(await carrying({ plan: { ...plan, replace } }))
  assert.deepEqual(
    specs.flatMap((s) => s.nodes),
    plan.replace.slice(1).map((r) => r.node),
  )
})

test("what begins to block closes the gate of the switch; what did before does not", async (t) => {
  const { carrying, specs } = await stage(t)
  const sick = indexFleet(smallFleet({ cluster: { eniConfigs: [] } }))
  const closed = new AbortController()
  const healthy = await carrying({ signal: closed.signal })
  const falling = {
    ...healthy,
    look: async () => (healthy.store.state.started.length === 0 ? healthy.look() : sick),
    tell: (e: Progress) =>
      e.is === "waits" && /S01|N01/.test(e.why) && closed.abort(new Error(e.step.id)),
  }
  await assert.rejects(carryOut(falling), /^Error: switch$|abort/i)
  assert.deepEqual(specs, [])
  const other = await stage(t)
  assert.equal(await carryOut(await other.carrying({ look: async () => sick })), undefined)
})

test("it stops before the switch until launch templates are right", async (t) => {
  const { carrying, env } = await stage(t)
  const waits = await carryOut(await carrying({ maxPodsReady: false }))
  assert.equal(waits?.id, "max-pods")
  assert.equal((await env())["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"], undefined)
})

test("whatever call it ends at, the next run goes on, and undo leaves nothing", async (t) => {
  const changing = ["associateBlock", "createSubnet", "associateRouteTable"] as const
  for (const name of changing)
    for (const when of ["before", "after"] as const) {
      const { carrying, cidrs, network, configs } = await stage(t)
      const dying = Object.assign(
        { ...network },
        {
          [name]: async (...args: readonly string[]) => {
            const call = network[name] as (...a: readonly string[]) => Promise<void>
            if (when === "after") await call(...args)
            throw new Error("killed")
          },
        },
      ) satisfies NetworkCalls
      await assert.rejects(carryOut(await carrying({ network: dying })), /killed/)
      await carryOut(await carrying())
      assert.deepEqual(await cidrs(), whole, `${name} ${when}`)
      await takeBack(await carrying())
      assert.deepEqual([await cidrs(), await configs()], [nothing, []], `${name} ${when}`)
    }
})

test("what was there before is used, and left alone by undo", async (t) => {
  const { carrying, cidrs, network, kube, configs } = await stage(t)
  await network.associateBlock(vpcId, "100.64.0.0/16")
  const own = {
    apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
    kind: "ENIConfig",
    metadata: { name: "us-west-2a" },
    spec: { subnet: "subnet-mine" },
  }
  await kube.create(eniConfigs, own)
  await carryOut(await carrying())
  assert.deepEqual(await cidrs(), whole)
  await takeBack(await carrying())
  assert.deepEqual(await cidrs(), { blocks: whole.blocks, subnets: [] })
  assert.deepEqual(
    (await configs()).map((c) => c.spec),
    [own.spec],
  )
})
