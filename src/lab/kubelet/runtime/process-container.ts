import { randomBytes } from "node:crypto"
import { constants } from "node:os"
import type { Clock } from "../../../clock.ts"
import type { NetNamespace } from "../../../kernel/kernel.ts"
import { runInNamespace } from "../../sandbox/run-in-namespace.ts"
import type { Exit, RunningContainer } from "./container.ts"
import type { ContainerLog } from "./container-log.ts"

export interface ProcessOptions {
  command: readonly [string, ...string[]]
  /** The whole environment. */
  env: Readonly<Record<string, string>>
  namespace: NetNamespace | undefined
  log: ContainerLog
  clock: Clock
}

/** A container that is a real process of this machine. */
export function startProcess(options: ProcessOptions): RunningContainer {
  const { log, clock } = options
  const child = runInNamespace(options.namespace, options.command, {
    env: { ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  log.pipe("stdout", child.stdout)
  log.pipe("stderr", child.stderr)
  const exited = new Promise<Exit>((resolve) => {
    child.once("error", (error) => {
      log.write("stderr", error.message)
      resolve({ exitCode: 128, reason: "StartError" })
    })
    // "close" comes after the last output, so that a crash's last words are in the log.
    child.once("close", (code, signal) => resolve(exitOf(code, signal)))
  })
  void exited.then(() => log.close())
  return {
    id: randomBytes(32).toString("hex"),
    startedAt: clock.now(),
    log,
    ...(child.pid === undefined ? {} : { pid: child.pid }),
    exited,
    async stop(graceMs) {
      child.kill("SIGTERM")
      const over = new AbortController()
      const grace = clock.sleep(graceMs, over.signal).catch(() => {})
      await Promise.race([exited, grace])
      over.abort()
      child.kill("SIGKILL")
      await exited
    },
  }
}

/** As a container runtime reports it: 128 + signal when one ended the process. */
function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal) {
    const number = constants.signals[signal]
    return { exitCode: 128 + number, reason: "Error" }
  }
  return { exitCode: code ?? 1, reason: code === 0 ? "Completed" : "Error" }
}
