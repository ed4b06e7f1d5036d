// Goal: on a cluster that never heard of Berth, with the original's aws-node, the operator's tool does all that it does.
import assert from "node:assert/strict"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { daemonSets, nodes, pods } from "../api/resources.ts"
import { clientKube } from "../kube/client/client-kube.ts"
import { scenarios } from "../lab/scenarios.ts"
import { type LabShell, labShell } from "./testing/lab-shell.ts"

let shell: LabShell
const berth = (...argv: string[]) => shell.berth(...argv)

before(async () => {
  shell = await labShell(scenarios.stock, true)
})
after(() => shell?.[Symbol.asyncDispose]())

async function read() {
  using kube = clientKube({ kubeconfig: shell.lab.kubeconfig })
  const groups = (await kube.raw("/apis")) as { groups: { name: string }[] }
  return {
    sets: (await kube.list(daemonSets)).items,
    nodes: (await kube.list(nodes)).items,
    web: (await kube.list(pods, { namespace: "default" })).items,
    groups: groups.groups.map((g) => g.name),
  }
}

test("nothing of Berth is installed", async () => {
  const { sets, groups } = await read()
  const images = sets.flatMap((s) => s.spec.template.spec.containers.map((c) => c.image))
  assert.deepEqual(
    images.map((image) => image?.replace(/^.*\//, "")),
    ["amazon-k8s-cni:v1.23.1"],
  )
  assert.ok(!groups.includes("berth.dev"))
})

test("status, explain, doctor and max-pods read it", async () => {
  const status = await berth("status")
  assert.match(status.out, /aws-node v1\.23\.1, 2 of 2 ready, custom networking off/)
  assert.match(status.out, /No trouble found/)
  const { web, nodes } = await read()
  const [pod] = web
  const subnet = scenarios.stock.subnets[0]?.id ?? ""
  const explained = [
    await berth("explain", "pod", pod?.metadata.name ?? "", "--to", "198.51.100.1"),
    await berth("explain", "node", nodes[0]?.metadata.name ?? ""),
    await berth("explain", "subnet", subnet),
  ]
  for (const { exit, err } of explained) assert.equal(exit, 0, err)
  assert.match(explained[0]?.out ?? "", /source address +10\.0\.\d\.4 \(translated/)
  assert.match(explained[2]?.out ?? "", /used by +the nodes/)
  const doctor = await berth("doctor", "--fail-on", "note", "--all")
  assert.equal(doctor.exit, 0, doctor.out)
  assert.match(doctor.out, /nothing found; \d+ checks passed\n$/)
  assert.match((await berth("max-pods")).out, /m5\.large +2 +20 +29/)
})

test("a plan is made, and carried out as far as the new settings", async () => {
  const folder = join(shell.folder, "change")
  const plan = await berth("plan", "--write", folder)
  assert.equal(plan.exit, 0, plan.err)
  assert.match(plan.out, /^harbour: \d+ steps .*custom networking on/)
  const apply = await berth("apply", join(folder, "plan.json"), "--yes", "--until", "switch")
  assert.equal(apply.exit, 0, apply.err + apply.out)
  assert.match(apply.out, /Stopped before "Replace one node/)
})

test("old nodes are found, and what replacing them changes for others is told before", async () => {
  assert.match((await berth("explain", "eniconfig", "us-west-2a")).out, /it serves 1 node/)
  assert.match((await berth("status")).out, /converging/)
  const { out } = await berth("doctor", "--only", "N04,R07")
  assert.match(out, /N04 wrong-network +ENIConfig\/us-west-2a: [\s\S]*\$ berth rotate\n/)
  assert.match(out, /R07 note .* of 100\.64\.0\.0\/19, 100\.64\.32\.0\/19 in place of/)
})

test("a rotation replaces them, and then nothing is left to mend", {
  timeout: 180_000,
}, async () => {
  const before = (await read()).nodes.map((n) => n.metadata.uid)
  const dry = await berth("rotate", "--dry-run")
  assert.match(dry.out, /canary +ip-10-0-0-4 .*interfaces-elsewhere\n2 +ip-10-0-1-4 /)
  const { exit, out, err } = await berth("rotate", "--yes")
  assert.equal(exit, 0, err + out)
  assert.match(out, /2\/2 Completed: every node was replaced/)
  const now = await read()
  assert.ok(now.nodes.length >= 2 && now.nodes.every((n) => !before.includes(n.metadata.uid)))
  assert.deepEqual(
    now.web.map((p) => p.status?.podIP?.startsWith("100.64.")),
    now.web.map(() => true),
  )
  const doctor = await berth("doctor", "--fail-on", "note")
  assert.equal(doctor.exit, 0, doctor.out)
})
