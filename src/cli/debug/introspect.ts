import { execFile } from "node:child_process"
import { pods } from "../../api/resources.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Bundle } from "./bundle.ts"

/** Asks the agent everything it tells, from inside its container: the image has Node.js and may have nothing else. */
const script = `
const http = require("node:http")
const address = process.env.INTROSPECTION_BIND_ADDRESS || "unix:/var/run/aws-node/introspection.sock"
const where = address.startsWith("unix:")
  ? { socketPath: address.slice(5) }
  : { host: address.replace(/:[^:]*$/, "") || "127.0.0.1", port: address.replace(/.*:/, "") }
const get = (path) => new Promise((resolve, reject) => {
  http.get({ ...where, path, timeout: 5000 }, (res) => {
    let text = ""
    res.on("data", (chunk) => { text += chunk }).on("end", () => resolve(text))
  }).on("error", reject)
})
const paths = ["/v1/enis", "/v1/pods", "/v1/waiting", "/v1/status", "/v1/eni-configs", "/v1/interfaces-pending"]
;(async () => {
  const out = {}
  for (const path of paths) out[path] = JSON.parse(await get(path))
  out["/metrics"] = (await get("/metrics")).split("\\n")
  process.stdout.write(JSON.stringify(out, null, 2) + "\\n")
})().catch((error) => { process.stderr.write(error.message); process.exitCode = 1 })
`

/** Runs a program and gives its output; rejects with what it says on stderr. */
export type Exec = (program: string, args: readonly string[]) => Promise<string>

export const execProgram =
  (env: Readonly<Record<string, string | undefined>>): Exec =>
  (program, args) =>
    new Promise((resolve, reject) => {
      const options = { env: { ...env }, timeout: 15_000, maxBuffer: 32 << 20 }
      execFile(program, [...args], options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(stderr.trim().split("\n")[0] || error.message))
      })
    })

/** What the agents on `nodes` know, through `kubectl exec`, which does what no plain request can. */
export async function collectIntrospection(
  kube: Kube,
  bundle: Bundle,
  nodes: ReadonlySet<string>,
  kubectl: (args: readonly string[]) => Promise<string>,
): Promise<void> {
  const { items } = await kube.list(pods, { namespace: "kube-system" })
  for (const pod of items) {
    const { name, ownerReferences = [] } = pod.metadata
    const node = pod.spec.nodeName ?? ""
    const berth = pod.spec.containers.some((c) => c.image?.includes("/berth-agent:"))
    if (!berth || !nodes.has(node) || !ownerReferences.some((o) => o.kind === "DaemonSet")) continue
    const exec = ["exec", "-n", "kube-system", name, "-c", "aws-node", "--", "node", "-e", script]
    await bundle.attempt(`introspection/${node}.json`, () => kubectl(exec))
  }
}
