// Goal: custom networking without ENIConfigs, an outage that a plan ends. test/outages.e2e.test.ts has the others.
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { promisify } from "node:util"
import type { Pod } from "../../api/core.ts"
import { pods } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import type { DoctorReport } from "../../fleet/report/doctor-report.ts"
import { clientKube } from "../../kube/client/client-kube.ts"
import type { Lab } from "../../lab/lab.ts"
import { launchLab } from "../../lab/launch.ts"
import { whoamiWorkload } from "../../lab/scenarios/whoami-workload.ts"
import { scenarios } from "../../lab/scenarios.ts"
import { whyNoKubectl } from "../../lab/testing/kubectl.ts"
import { run } from "../testing/run.ts"

const skip = whyNoKubectl() ?? false
const folder = mkdtempSync(join(tmpdir(), "berth-outages-"))
const bin = join(import.meta.dirname, "../../../bin")
const saved = { ...process.env }
const patienceMs = 90_000
let lab: Lab
let env: Record<string, string>

const deployment = whoamiWorkload({ namespace: "default", name: "web", replicas: 4 })

before(async () => {
  if (skip) return
  const scenario = { ...scenarios.empty, manifests: [deployment] }
  lab = await launchLab({ name: "e2e-outages", scenario, kubePort: 0, ec2Port: 0, hollow: true })
  const aws = {
    AWS_ENDPOINT_URL: lab.ec2Url,
    AWS_REGION: lab.region,
    AWS_ACCESS_KEY_ID: "lab",
    AWS_SECRET_ACCESS_KEY: "lab",
  }
  Object.assign(process.env, aws)
  env = { ...aws, KUBECONFIG: lab.kubeconfig, PATH: `${bin}:${process.env["PATH"] ?? ""}` }
})

after(async () => {
  for (const key of Object.keys(process.env)) if (!(key in saved)) delete process.env[key]
  Object.assign(process.env, saved)
  await lab?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** As a person types it. */
async function shell(line: string): Promise<void> {
  await promisify(execFile)("sh", ["-c", line], { cwd: folder, env: { ...process.env, ...env } })
}

async function until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = systemClock.now() + patienceMs
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (systemClock.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s: ${what}`)
    await systemClock.sleep(500)
  }
}

async function findings(): Promise<DoctorReport["findings"]> {
  const { out, err } = await run(["doctor", "-o", "json"], { env })
  assert.equal(err, "")
  return (JSON.parse(out) as DoctorReport).findings
}

/** What the doctor says, once it says it: X04 is why pods get no address now. */
const finding = (check: string, words: RegExp) =>
  until(`the doctor says ${words}`, async () =>
    (await findings()).find((f) => f.check === check && words.test(f.says)),
  )

async function mended(check: string): Promise<void> {
  using kube = clientKube({ kubeconfig: lab.kubeconfig })
  const running = (pod: Pod) => pod.status?.phase === "Running" && pod.status.podIP !== undefined
  await until("every pod has an address", async () => {
    const { items } = await kube.list(pods, { namespace: "default" })
    return items.length === 4 && items.every(running) ? true : undefined
  })
  await until("the doctor is silent", async () =>
    (await findings()).some((f) => f.check === check) ? undefined : true,
  )
}

/** New pods are what an outage shows on: those that run keep their addresses. */
const restart = () => shell("kubectl delete pod --all --wait=false")

const slow = { timeout: 300_000, skip }

test("custom networking is switched on before there is an ENIConfig", slow, async () => {
  await shell(
    "kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true ENI_CONFIG_LABEL_DEF=topology.kubernetes.io/zone",
  )
  await restart()
  const found = await finding("X04", /no-eniconfig.*"us-west-2[ab]".*does not exist/)
  // The rest of the plan waits for launch templates: 75, as documented.
  await shell(`{ ${found.fix.command}; } || [ $? = 75 ]`)
  await mended("X04")
})
