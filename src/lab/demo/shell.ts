import { spawn } from "node:child_process"

export interface ShellResult {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line as a user would type it. Output beyond 4 MiB ends the command: nothing here prints that much. */
export type Shell = (
  line: string,
  options?: { input?: string; signal?: AbortSignal },
) => Promise<ShellResult>

const outputLimit = 4 * 1024 * 1024

export function createShell(env: Readonly<Record<string, string | undefined>>): Shell {
  return (line, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn("/bin/sh", ["-c", line], {
        env,
        stdio: ["pipe", "pipe", "pipe"],
        ...(options.signal ? { signal: options.signal } : {}),
      })
      const out = { stdout: "", stderr: "" }
      for (const name of ["stdout", "stderr"] as const) {
        child[name].setEncoding("utf8").on("data", (chunk: string) => {
          out[name] += chunk
          if (out[name].length > outputLimit) child.kill()
        })
      }
      child.on("error", reject)
      child.on("close", (code) => resolve({ exit: code ?? 1, ...out }))
      // A command that does not read its input closes the pipe; that is its right.
      child.stdin.on("error", () => {})
      child.stdin.end(options.input ?? "")
    })
}
