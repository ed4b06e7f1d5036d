import { setDefaultCACertificates } from "node:tls"
import { systemClock } from "../../clock.ts"
import { credentialSource } from "../../kube/client/credentials.ts"
import { kubeconfigFiles, readKubeconfig } from "../../kube/client/kubeconfig.ts"
import type { Arguments } from "./arguments.ts"

/** Channels of v5.channel.k8s.io: the first byte of every message. */
const channels = { stdout: 1, stderr: 2, status: 3 } as const

interface ExecStatus {
  status: string
  message?: string
  details?: { causes?: { reason?: string; message?: string }[] }
}

/** `exec -n NAMESPACE POD -- COMMAND...`; resolves to the command's exit code. */
export async function exec(args: Arguments): Promise<number> {
  // Not the official client: loading it costs half a second, and every call is a process.
  const config = readKubeconfig(kubeconfigFiles(undefined, process.env))
  const { headers } = await credentialSource(config, systemClock).current()
  if (config.ca) setDefaultCACertificates([config.ca.toString()])
  const namespace = args.options.get("namespace") ?? "default"
  const pod = (args.words[0] ?? "").replace(/^pod\//, "")
  const container = args.options.get("container")
  const query = new URLSearchParams([
    ...args.rest.map((word): [string, string] => ["command", word]),
    ["stdout", "true"],
    ["stderr", "true"],
    ...(container === undefined ? [] : [["container", container] as [string, string]]),
  ])
  const url = `${config.server}/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query}`
  const status = await run(new WebSocket(url, { protocols: ["v5.channel.k8s.io"], headers }))
  const exitCode = status.details?.causes?.find((c) => c.reason === "ExitCode")?.message
  if (status.status !== "Success" && exitCode === undefined)
    throw new Error(status.message ?? "the command could not be run")
  return Number(exitCode ?? 0)
}

/** Copies what the command prints; resolves with how it ended. */
function run(socket: WebSocket): Promise<ExecStatus> {
  socket.binaryType = "arraybuffer"
  return new Promise((resolve, reject) => {
    socket.addEventListener("message", ({ data }) => {
      const bytes = new Uint8Array(data as ArrayBuffer)
      const content = bytes.subarray(1)
      if (bytes[0] === channels.stdout) process.stdout.write(content)
      if (bytes[0] === channels.stderr) process.stderr.write(content)
      if (bytes[0] === channels.status)
        resolve(JSON.parse(new TextDecoder().decode(content)) as ExecStatus)
    })
    socket.addEventListener("error", () => reject(new Error(`cannot connect to ${socket.url}`)))
    socket.addEventListener("close", ({ reason }) =>
      reject(new Error(`the connection broke off${reason === "" ? "" : `: ${reason}`}`)),
    )
  })
}
