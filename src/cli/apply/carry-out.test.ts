// Apply against the real SDK and the lab's EC2, with Kubernetes in memory.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import type { DaemonSet } from "../../api/core.ts"
import { daemonSets, eniConfigs } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import { createCloud } from "../../ec2/memory/cloud.ts"
import { associateRouteTable, createRouteTable } from "../../ec2/memory/routing.ts"
import { createSubnet } from "../../ec2/memory/subnets.ts"
import { createVpc } from "../../ec2/memory/vpcs.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { type PlanDocument, planDocument } from "../../fleet/plan/plan-document.ts"
import { plainFleet, planRequest } from "../../fleet/testing/plain-fleet.ts"
import type { Kube } from "../../kube/kube.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { createEc2Server } from "../../lab/aws/ec2-server.ts"
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
  const server = createServer(createEc2Server(cloud)).listen(0, "127.0.0.1")
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise((resolve) => server.once("listening", resolve))
  const { port } = server.address() as AddressInfo
  const network = sdkNetwork({ region: "us-west-2", endpoint: `http://127.0.0.1:${port}` })
  const kube = withRollout(memoryKube({ clock: systemClock }))
  await kube.create(daemonSets, set)
  const folder = mkdtempSync(join(tmpdir(), "berth-apply-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const planned = planDocument(indexFleet(plainFleet()), planRequest)
  const tables = { "us-west-2a": table.id, "us-west-2b": table.id }
  const plan: PlanDocument = { ...planned, site: { ...planned.site, routeTables: tables } }
  const events: Progress[] = []
  /** A run as a process of its own would make it: its state is read from the file. */
  const carrying = async (change: Partial<Carrying> = {}): Promise<Carrying> => ({
    ...{ plan, kube, network, clock: systemClock, signal: AbortSignal.timeout(60_000) },
    store: await openState(join(folder, "plan.json"), JSON.stringify(plan)),
    tell: (event) => events.push(event),
    maxPodsReady: true,
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
  return { network, plan, carrying, events, cidrs, configs, env, kube }
}

const whole = {
  blocks: ["10.0.0.0/24", "100.64.0.0/16"],
  subnets: ["100.64.0.0/19", "100.64.32.0/19"],
}
const nothing = { blocks: ["10.0.0.0/24"], subnets: [] }

test("a plan is carried out up to what is the operator's, and taken back", async (t) => {
  const { carrying, cidrs, configs, env, network } = await stage(t)
  const waits = await carryOut(await carrying())
  assert.equal(waits?.id, "canary")
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
    spec: { subnet: "subnet-mine", securityGroups: ["sg-mine"] },
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
