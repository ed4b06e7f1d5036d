// Goal: custom networking without ENIConfigs, an outage that a plan ends. test/outages.e2e.test.ts has the others.
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { promisify } from "node:util"
import { pods } from "../../api/resources.ts"
import type { DoctorReport } from "../../fleet/report/doctor-report.ts"
import { clientKube } from "../../kube/client/client-kube.ts"
import { isRunning } from "../../lab/demo/cluster-view.ts"
import { whoamiWorkload } from "../../lab/scenarios/whoami-workload.ts"
import { scenarios } from "../../lab/scenarios.ts"
import { whyNoKubectl } from "../../lab/testing/kubectl.ts"
import { until } from "../../testing/until.ts"
import { type LabShell, labShell } from "../testing/lab-shell.ts"

const skip = whyNoKubectl() ?? false
const bin = join(import.meta.dirname, "../../../bin")
let shell: LabShell

const deployment = whoamiWorkload({ namespace: "default", name: "web", replicas: 4 })

before(async () => {
  if (skip) return
  shell = await labShell({ ...scenarios.empty, manifests: [deployment] }, true)
})
after(() => shell?.[Symbol.asyncDispose]())

/** As a person types it. */
async function type(line: string): Promise<void> {
  const { folder, env } = shell
  const path = `${bin}:${process.env["PATH"] ?? ""}`
  await promisify(execFile)("sh", ["-c", line], {
    cwd: folder,
    env: { ...process.env, ...env, PATH: path },
  })
}

async function findings(): Promise<DoctorReport["findings"]> {
  const { out, err } = await shell.berth("doctor", "-o", "json")
  assert.equal(err, "")
  return (JSON.parse(out) as DoctorReport).findings
}

const told = (found: DoctorReport["findings"]) => found.map((f) => f.says).join("; ")

/** What the doctor says, once it says it: X04 is why pods get no address now. */
const finding = (check: string, words: RegExp) =>
  until(`the doctor says ${words}`, async () => {
    const all = await findings()
    return all.find((f) => f.check === check && words.test(f.says)) ?? told(all)
  })

async function mended(check: string): Promise<void> {
  using kube = clientKube({ kubeconfig: shell.lab.kubeconfig })
  await until("every pod has an address", async () => {
    const { items } = await kube.list(pods, { namespace: "default" })
    const running = items.filter(isRunning)
    return items.length === 4 && running.length === 4 ? running : `${running.length} do`
  })
  await until("the doctor is silent", async () => {
    const left = (await findings()).filter((f) => f.check === check)
    return left.length === 0 ? left : told(left)
  })
}

/** New pods are what an outage shows on: those that run keep their addresses. */
const restart = () => type("kubectl delete pod --all --wait=false")

const slow = { timeout: 300_000, skip }

test("custom networking is switched on before there is an ENIConfig", slow, async () => {
  await type(
    "kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true ENI_CONFIG_LABEL_DEF=topology.kubernetes.io/zone",
  )
  await restart()
  const found = await finding("X04", /no-eniconfig.*"us-west-2[ab]".*does not exist/)
  // The rest of the plan waits for launch templates: 75, as documented.
  await type(`{ ${found.fix.command}; } || [ $? = 75 ]`)
  await mended("X04")
})
