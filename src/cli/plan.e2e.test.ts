// Goal: a cluster with one CIDR block gets pods in a new block by `berth plan` and `berth apply`, and goes back.
import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { fileURLToPath } from "node:url"
import { environmentOf } from "../lab/environment.ts"
import { launchLab } from "../lab/launch.ts"
import { eventually } from "../lab/sandbox/testing/eventually.ts"
import { scenarios } from "../lab/scenarios.ts"
import { kubectlFor, whyNoKubectl } from "../lab/testing/kubectl.ts"
import { sdkNetwork } from "./apply/sdk-network.ts"

const main = fileURLToPath(new URL("main.ts", import.meta.url))
const vpc = scenarios.plain.vpc.id
/** Rollouts on a busy machine. */
const patienceMs = 40_000

interface Running {
  readonly child: ChildProcess
  /** What it has printed so far, errors as well. */
  readonly text: () => string
  readonly exit: Promise<number | null>
}

async function stage(t: TestContext) {
  const lab = await launchLab({
    ...{ name: `plan-${process.pid}`, kubePort: 0, ec2Port: 0 },
    hollow: false,
    scenario: scenarios.plain,
  })
  t.after(() => lab.stop())
  const folder = mkdtempSync(join(tmpdir(), "berth-plan-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const start = (...argv: string[]): Running => {
    const env = { ...process.env, ...environmentOf(lab) }
    const child = spawn(process.execPath, [main, ...argv], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    })
    const chunks: string[] = []
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()))
    const exit = new Promise<number | null>((resolve) => child.on("close", resolve))
    return { child, text: () => chunks.join(""), exit }
  }
  const berth = async (...argv: string[]) => {
    const running = start(...argv)
    return { exit: await running.exit, text: running.text() }
  }
  const kubectl = kubectlFor(lab.kubeconfig)
  const addresses = async () => {
    const { stdout } = await kubectl("get", "pods", "-l", "app=web", "-o", "json")
    const { items } = JSON.parse(stdout) as {
      items: { metadata: { deletionTimestamp?: string }; status: { podIP?: string } }[]
    }
    return items.filter((p) => !p.metadata.deletionTimestamp).map((p) => p.status.podIP ?? "")
  }
  /** Every pod of the application has an address that begins so. */
  const podsIn = (start: string) =>
    eventually(async () => {
      const all = await addresses()
      assert.ok(all.length === 4 && all.every((a) => a.startsWith(start)), all.join(" "))
    }, patienceMs)
  const network = sdkNetwork({ region: lab.region, endpoint: lab.ec2Url })
  /** EC2 goes on listing a block for a while after it has left the VPC. */
  const blocks = async () =>
    (await network.blocks(vpc)).filter((b) => b.state === "associated").map((b) => b.cidr)
  return { folder, start, berth, kubectl, podsIn, network, blocks }
}

for (const [name, value] of Object.entries({
  AWS_ACCESS_KEY_ID: "lab",
  AWS_SECRET_ACCESS_KEY: "lab",
}))
  process.env[name] ??= value

test("plan, apply, stop, go on, and take back", {
  skip: whyNoKubectl() ?? false,
  timeout: 170_000,
}, async (t) => {
  const { folder, start, berth, kubectl, podsIn, network, blocks } = await stage(t)
  const out = join(folder, "change")
  const file = join(out, "plan.json")
  // Addresses of pods that are gone are kept from others for this long, half a minute else.
  await kubectl("set", "env", "-n", "kube-system", "daemonset/aws-node", "IP_COOLDOWN_PERIOD=1")
  await podsIn("10.0.")

  const planned = await berth("plan", "--cidr", "100.64.0.0/16", "--write", out)
  assert.equal(planned.exit, 0, planned.text)
  const { steps } = JSON.parse(readFileSync(file, "utf8")) as { steps: { id: string }[] }
  assert.deepEqual(
    steps.map((s) => s.id),
    ["block", "subnets", "routes", "objects", "settings", "switch"],
  )

  const rehearsed = await berth("apply", file, "--dry-run")
  assert.equal(rehearsed.exit, 0, rehearsed.text)
  assert.match(rehearsed.text, /would do: Associate 100\.64\.0\.0\/16/)
  assert.deepEqual(await blocks(), ["10.0.0.0/16"])
  const unasked = await berth("apply", file)
  assert.equal(unasked.exit, 64, unasked.text)

  await t.test("Ctrl-C leaves a state that the next run goes on from", async () => {
    const stopped = start("apply", file, "--yes")
    await eventually(() => assert.match(stopped.text(), /\[1\/6\]/), patienceMs)
    stopped.child.kill("SIGINT")
    assert.equal(await stopped.exit, 130, stopped.text())
    const applied = await berth("apply", file, "--yes")
    assert.equal(applied.exit, 0, applied.text)
    assert.match(applied.text, /The plan is carried out/)
    assert.deepEqual(await blocks(), ["10.0.0.0/16", "100.64.0.0/16"])
  })

  await t.test("pods that start now are in the new subnets", async () => {
    await kubectl("rollout", "restart", "deployment/web")
    await podsIn("100.64.")
    const again = await berth("apply", file, "--yes")
    assert.equal(again.exit, 0, again.text)
  })

  await t.test("undo waits for pods to leave, and leaves nothing", async () => {
    const undone = start("apply", file, "--undo", "--yes")
    await eventually(() => assert.match(undone.text(), /\[6\/6\] {3}taken back/), patienceMs)
    await kubectl("rollout", "restart", "deployment/web")
    assert.equal(await undone.exit, 0, undone.text())
    await podsIn("10.0.")
    assert.deepEqual(await blocks(), ["10.0.0.0/16"])
    assert.equal((await network.subnets(vpc)).filter((s) => s.cidr.startsWith("100.64.")).length, 0)
    assert.equal(
      JSON.parse((await kubectl("get", "eniconfigs", "-o", "json")).stdout).items.length,
      0,
    )
    assert.equal(existsSync(join(out, "plan.state.json")), false)
  })
})
