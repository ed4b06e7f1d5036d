import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { type Clock, systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { channelDescriptor, readLines, sendLine, type WorldEvent } from "./control-channel.ts"
import { enterWorld, rebuildRun } from "./enter-world.ts"
import { boundToParent, pathWithSbin, whyHollow } from "./requirements.ts"

export interface WorldOptions {
  /** Path of the program that is the world (a .ts or .js file for this Node). */
  readonly script: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The lab's state folder; the world's output goes to `world.log` in it. */
  readonly folder: string
  /** Ask for a world without namespaces, for this reason. */
  readonly hollow?: string
  readonly onEvent?: (event: WorldEvent) => void
  readonly clock?: Clock
}

export interface World {
  /** Why nothing is wired; absent when the world has namespaces of its own. */
  readonly hollow?: string
  /** What the world said when it was ready. */
  readonly facts: Readonly<Record<string, string>>
  /** As seen from the launcher. In the world the first process is 1. */
  readonly pid: number
  readonly ended: Promise<WorldEnd>
  /** Asks, waits at most `graceMs` (5000), then kills. Resolves when nothing of the world is left. */
  stop(graceMs?: number): Promise<void>
}

export interface WorldEnd {
  readonly expected: boolean
  readonly why: string
}

/**
 * Starts the world and waits until it is ready. It gets mount, PID and network namespaces of its own (and a user
 * namespace when the launcher is not root); where the machine refuses them the same program runs without, with the
 * reason in BERTH_LAB_HOLLOW. Rejects with lab/world-ended when it ends before it is ready.
 */
export async function launchWorld(options: WorldOptions): Promise<World> {
  const hollow = options.hollow ?? (await whyHollow())
  const child = startProcess(options, hollow)
  const channel = child.stdio[channelDescriptor] as Duplex
  const state: { stopping: boolean; failure?: string } = { stopping: false }
  const ended = endOf(child, options.folder, state)
  const facts = await new Promise<Readonly<Record<string, string>>>((resolve, reject) => {
    readLines<WorldEvent>(
      channel,
      (event) => {
        if (event.event === "failed") state.failure = `${event.message}\n${event.hint}`
        options.onEvent?.(event)
        if (event.event === "ready") resolve(event.facts)
      },
      () => {},
    )
    ended.then(({ why }) => reject(fail("lab/world-ended", { why })), reject)
  })
  const stop = async (graceMs = 5000) => {
    state.stopping = true
    sendLine(channel, { request: "stop" })
    const timer = new AbortController()
    const grace = (options.clock ?? systemClock).sleep(graceMs, timer.signal).catch(() => {})
    await Promise.race([ended, grace])
    timer.abort()
    // unshare and its child die together (--kill-child); without namespaces it is the world itself.
    child.kill("SIGKILL")
    await ended
  }
  return { ...(hollow === undefined ? {} : { hollow }), facts, pid: child.pid ?? 0, ended, stop }
}

function startProcess(options: WorldOptions, hollow: string | undefined): ChildProcess {
  const node = [process.execPath, options.script, ...(options.args ?? [])]
  const [command, ...args] =
    hollow === undefined
      ? enterWorld(["sh", "-ec", `${rebuildRun}\ncd "$0"\nexec "$@"`, process.cwd(), ...node])
      : [...boundToParent(), ...node]
  const log = openSync(join(options.folder, "world.log"), "a", 0o600)
  try {
    return spawn(command as string, args, {
      // Of its own process group: Ctrl-C is the launcher's to handle, and it stops the world in order.
      detached: true,
      stdio: ["ignore", log, log, "pipe"],
      env: {
        ...process.env,
        ...options.env,
        PATH: pathWithSbin(process.env["PATH"]),
        BERTH_LAB_CHANNEL: String(channelDescriptor),
        ...(hollow === undefined ? {} : { BERTH_LAB_HOLLOW: hollow }),
      },
    })
  } finally {
    closeSync(log)
  }
}

function endOf(
  child: ChildProcess,
  folder: string,
  state: { readonly stopping: boolean; readonly failure?: string },
): Promise<WorldEnd> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ expected: false, why: error.message }))
    child.once("exit", (code, signal) => {
      if (state.stopping) return resolve({ expected: true, why: "stopped" })
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`
      resolve({ expected: false, why: state.failure ?? `${how}${lastLines(folder)}` })
    })
  })
}

/** The end of the world's output, which says why far better than an exit code. */
function lastLines(folder: string): string {
  try {
    const lines = readFileSync(join(folder, "world.log"), "utf8").trimEnd().split("\n").slice(-15)
    return lines.join("") === "" ? "" : `; last output:\n${lines.join("\n")}`
  } catch {
    return ""
  }
}
