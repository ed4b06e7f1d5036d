// Goal: the documented procedure, typed with kubectl, ends with every pod where the operator wanted it, on each kind of
// control plane and without the rights to wire anything. It is what `npm start -- --once` runs.
import assert from "node:assert/strict"
import { execFileSync, spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"

const minutes = 60_000

interface Run {
  readonly exit: number | null
  readonly out: string
}

/** With `stopAt` it gets a Ctrl-C once it has printed that. */
function demo(
  name: string,
  args: readonly string[],
  { env = process.env, stopAt }: { env?: NodeJS.ProcessEnv; stopAt?: string } = {},
): Promise<Run> {
  const main = join(import.meta.dirname, "..", "src", "cli", "main.ts")
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      main,
      "lab",
      "demo",
      "--once",
      "--name",
      name,
      "--port",
      "0",
      "--ec2-port",
      "0",
      ...args,
    ],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  )
  let out = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      const before = out
      out += text
      if (stopAt && out.includes(stopAt) && !before.includes(stopAt)) child.kill("SIGINT")
    })
  return new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (exit) => resolve({ exit, out }))
  })
}

function assertProcedure({ exit, out }: Run): void {
  assert.equal(exit, 0, out)
  for (const command of [
    'kubectl describe daemonset aws-node --namespace kube-system | grep Image | cut -d "/" -f 2',
    "kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true",
    "kubectl set env daemonset aws-node -n kube-system ENI_CONFIG_LABEL_DEF=topology.kubernetes.io/zone",
    "k8s.amazonaws.com/eniConfig=us-west-2a-batch",
  ]) {
    assert.ok(out.includes(`$ ${command}`) || out.includes(command), `${command} was not typed`)
  }
  assert.match(out, /berth-agent:v\d/)
  assert.match(out, /is ready for 20 pods/)
  assert.match(out, /every pod is where it should be/)
}

test("the procedure on the embedded control plane", { timeout: 4 * minutes }, async () => {
  assertProcedure(await demo(`em-${process.pid}`, []))
})

const assets = process.env["KUBEBUILDER_ASSETS"]
const real = assets !== undefined && existsSync(join(assets, "kube-apiserver"))
test("the procedure on a real control plane", {
  timeout: 5 * minutes,
  skip: real ? false : "KUBEBUILDER_ASSETS names no kube-apiserver",
}, async () => {
  assertProcedure(await demo(`rl-${process.pid}`, ["--control-plane", assets ?? ""]))
})

test("the procedure with nothing wired, by Berth's own kubectl", {
  timeout: 4 * minutes,
}, async (t) => {
  const bin = mkdtempSync(join(tmpdir(), "berth-no-kubectl-"))
  t.after(() => rmSync(bin, { recursive: true }))
  for (const program of ["grep", "cut"]) {
    const path = execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim()
    symlinkSync(path, join(bin, program))
  }
  const run = await demo(`ho-${process.pid}`, ["--hollow"], { env: { ...process.env, PATH: bin } })
  assertProcedure(run)
  assert.match(run.out, /No packets flow: /)
  assert.match(run.out, /kubectl is not installed/)
})

test("Ctrl-C ends it in one word, and leaves nothing", { timeout: minutes }, async () => {
  const name = `cc-${process.pid}`
  const { exit, out } = await demo(name, ["--hollow"], { stopAt: "1. The incident" })
  assert.equal(exit, 130, out)
  assert.match(out, /\nstopped\n$/)
  assert.equal(existsSync(join(tmpdir(), `berth-${process.getuid?.()}`, name)), false)
})
