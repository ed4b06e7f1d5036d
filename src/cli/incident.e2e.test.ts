// Goal: from pods that get no address to pods in the idle block, on new nodes, by `berth plan` and `berth apply` alone.
import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { AutoScalingClient, UpdateAutoScalingGroupCommand } from "@aws-sdk/client-auto-scaling"
import {
  CreateLaunchTemplateVersionCommand,
  DescribeLaunchTemplatesCommand,
  EC2Client,
} from "@aws-sdk/client-ec2"
import { nodes, pods } from "../api/resources.ts"
import type { PlanDocument } from "../fleet/plan/plan-document.ts"
import { clientKube } from "../kube/client/client-kube.ts"
import { environmentOf } from "../lab/environment.ts"
import { launchLab } from "../lab/launch.ts"
import { eventually } from "../lab/sandbox/testing/eventually.ts"
import { userData } from "../lab/scenarios/harbour.ts"
import { scenarios } from "../lab/scenarios.ts"

const main = fileURLToPath(new URL("main.ts", import.meta.url))
const credentials = { accessKeyId: "lab", secretAccessKey: "lab" }

/** What is left to the operator: new nodes of the group start with the plan's max-pods. */
async function mendLaunchTemplate(place: { region: string; endpoint: string }): Promise<void> {
  const ec2 = new EC2Client({ ...place, credentials })
  const { LaunchTemplates } = await ec2.send(new DescribeLaunchTemplatesCommand({}))
  const id = { LaunchTemplateId: LaunchTemplates?.[0]?.LaunchTemplateId ?? "" }
  const UserData = Buffer.from(userData("--max-pods=20")).toString("base64")
  const change = { ...id, SourceVersion: "1", LaunchTemplateData: { UserData } }
  await ec2.send(new CreateLaunchTemplateVersionCommand(change))
  const groups = new AutoScalingClient({ ...place, credentials })
  const group = { AutoScalingGroupName: `eks-general-1-${id.LaunchTemplateId.slice(-8)}` }
  const LaunchTemplate = { ...id, Version: "2" }
  await groups.send(new UpdateAutoScalingGroupCommand({ ...group, LaunchTemplate }))
}

interface Running {
  readonly child: ChildProcess
  readonly text: () => string
  readonly exit: Promise<number | null>
}

test("from the incident to its end", { timeout: 280_000 }, async (t) => {
  const lab = await launchLab({
    ...{ name: `incident-${process.pid}`, kubePort: 0, ec2Port: 0 },
    ...{ hollow: false, scenario: scenarios.exhausted },
  })
  t.after(() => lab.stop())
  const folder = mkdtempSync(join(tmpdir(), "berth-incident-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const env = {
    ...process.env,
    ...environmentOf(lab),
    XDG_STATE_HOME: folder,
  }
  const berth = (...argv: string[]): Running => {
    const child = spawn(process.execPath, [main, ...argv], { env })
    const chunks: string[] = []
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => chunks.push(chunk.toString()))
    const exit = new Promise<number | null>((resolve) => child.on("close", resolve))
    return { child, text: () => chunks.join(""), exit }
  }
  using kube = clientKube({ kubeconfig: lab.kubeconfig })
  const app = async () => (await kube.list(pods, { namespace: "shop" })).items
  const nodeUids = async () => (await kube.list(nodes)).items.map((n) => n.metadata.uid)
  await eventually(async () => {
    const all = await app()
    assert.ok(all.length === 30 && all.some((p) => p.status?.phase !== "Running"))
  }, 30_000)
  await mendLaunchTemplate({ region: lab.region, endpoint: lab.ec2Url })

  const out = join(folder, "change")
  const file = join(out, "plan.json")
  const before = await nodeUids()
  const planned = berth("plan", "--write", out)
  assert.equal(await planned.exit, 0, planned.text())
  const plan = JSON.parse(readFileSync(file, "utf8")) as PlanDocument
  assert.deepEqual(
    plan.steps.map((s) => s.id),
    ["objects", "settings", "max-pods", "switch", "canary", "rotate"],
  )
  const stopped = berth("apply", file, "--yes", "--max-pods-ready")
  await eventually(() => assert.match(stopped.text(), /\[5\/6\] Replace one node/), 90_000)
  const second = berth("apply", file, "--yes", "--max-pods-ready")
  assert.equal(await second.exit, 75)
  assert.match(second.text(), /no two may carry out plans/)
  stopped.child.kill("SIGKILL")
  await stopped.exit
  const applied = berth("apply", file, "--yes", "--max-pods-ready")
  assert.equal(await applied.exit, 0, stopped.text() + applied.text())

  const after = await nodeUids()
  assert.equal(after.length, 2)
  assert.deepEqual(
    after.filter((uid) => before.includes(uid)),
    [],
  )
  await eventually(async () => {
    const all = (await app()).filter((p) => p.metadata.deletionTimestamp === undefined)
    const stray = all.filter((p) => !p.status?.podIP?.startsWith("100.64."))
    const told = stray.map((p) => [p.status?.phase, p.status?.podIP, p.spec.nodeName])
    assert.deepEqual([all.length, told], [30, []])
  }, 30_000)
  const healthy = berth("doctor", "--fail-on", "wrong-network")
  assert.equal(await healthy.exit, 0, healthy.text())
  const undone = berth("apply", file, "--undo", "--dry-run")
  assert.equal(await undone.exit, 0)
  assert.match(undone.text(), /but: nodes that were replaced stay replaced/)
})
