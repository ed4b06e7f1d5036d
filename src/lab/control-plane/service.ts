import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fail } from "../../errors/catalogue.ts"

export interface ServiceOptions {
  /** Folder of the binaries. */
  binaries: string
  program: string
  args: readonly string[]
  /** Where its log goes. */
  folder: string
  /** Put before the command line. */
  prefix: readonly string[]
}

/** One process of the control plane. */
export interface Service extends AsyncDisposable {
  /** Rejects with lab/control-plane when the process ends by itself; never resolves. */
  readonly failed: Promise<never>
}

const stopMs = 2_000

export function startService(options: ServiceOptions): Service {
  const { binaries, program, args, folder, prefix } = options
  const logFile = join(folder, `${program}.log`)
  const log = openSync(logFile, "a", 0o600)
  const [command = "", ...words] = [...prefix, join(binaries, program), ...args]
  let child: ChildProcess
  try {
    child = spawn(command, words, { stdio: ["ignore", log, log] })
  } finally {
    closeSync(log)
  }
  let stopping = false
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message))
    child.once("exit", (code, signal) =>
      resolve(`${signal ?? `exit code ${code}`}; ${lastLine(logFile)}`),
    )
  })
  const failed = exited.then((why) => {
    if (stopping) return new Promise<never>(() => {})
    throw fail("lab/control-plane", { program, why })
  })
  // Whoever waits for readiness races with it; before and after that nobody does.
  failed.catch(() => {})
  return {
    failed,
    async [Symbol.asyncDispose]() {
      stopping = true
      child.kill("SIGTERM")
      const timer = setTimeout(() => child.kill("SIGKILL"), stopMs)
      await exited
      clearTimeout(timer)
    },
  }
}

function lastLine(file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? ""
  } catch {
    return ""
  }
}
