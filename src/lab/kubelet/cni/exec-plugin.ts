import { accessSync, constants } from "node:fs"
import { join } from "node:path"
import type { NetNamespace } from "../../../kernel/kernel.ts"
import { runInNamespace } from "../../sandbox/run-in-namespace.ts"
import type { PluginConfig } from "./network-config.ts"

export interface PluginCall {
  command: "ADD" | "DEL" | "CHECK" | "STATUS" | "GC"
  /** What the plugin reads from stdin. */
  config: PluginConfig
  /** CNI_* variables but CNI_COMMAND and CNI_PATH. */
  variables: Readonly<Record<string, string>>
  /** Kills the plugin. */
  signal?: AbortSignal
}

export interface PluginHost {
  /** Where plugins run; undefined where nothing is wired. */
  namespace: NetNamespace | undefined
  /** Folder of plugin binaries as this process sees it. */
  binFolder: string
}

/** The CRI's limit for RunPodSandbox: a plugin that takes longer is killed. */
const deadlineMs = 240_000
const outputMax = 1 << 20

/** Runs one plugin. Returns its stdout parsed (undefined when empty); throws with libcni's words. */
export async function execPlugin(host: PluginHost, call: PluginCall): Promise<unknown> {
  const { type } = call.config
  const program = join(host.binFolder, type)
  if (type.includes("/") || !isExecutable(program))
    throw new Error(`failed to find plugin ${JSON.stringify(type)} in path [${host.binFolder}]`)
  const { code, stdout, stderr } = await run(host, program, call)
  if (code === 0) return stdout.trim() === "" ? undefined : JSON.parse(stdout)
  throw new Error(errorText(stdout, stderr))
}

function isExecutable(program: string): boolean {
  try {
    accessSync(program, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function run(
  host: PluginHost,
  program: string,
  call: PluginCall,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = runInNamespace(host.namespace, [program], {
      env: {
        PATH: process.env["PATH"],
        ...call.variables,
        CNI_COMMAND: call.command,
        CNI_PATH: host.binFolder,
      },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: deadlineMs,
      killSignal: "SIGKILL",
      ...(call.signal ? { signal: call.signal } : {}),
    })
    const output = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
        if (output[name].length < outputMax) output[name] += chunk
      })
    child.on("error", reject)
    child.on("close", (code, signal) => {
      const stderr = signal ? `signal: ${signal}` : output.stderr
      resolve({ ...output, stderr, code: code ?? 1 })
    })
    // A plugin that fails before it reads closes its end; its exit code says all that matters.
    child.stdin?.on("error", () => {})
    child.stdin?.end(JSON.stringify(call.config))
  })
}

/** As libcni words it: the message and details of the plugin's error object, else what there is. */
function errorText(stdout: string, stderr: string): string {
  if (stdout.trim() === "")
    return stderr === ""
      ? "netplugin failed with no error message"
      : `netplugin failed: ${JSON.stringify(stderr.trim())}`
  try {
    const { msg, details } = JSON.parse(stdout) as { msg?: string; details?: string }
    return details ? `${msg}; ${details}` : (msg ?? "")
  } catch (error) {
    return `netplugin failed but error parsing its diagnostic message ${JSON.stringify(stdout)}: ${(error as Error).message}`
  }
}
