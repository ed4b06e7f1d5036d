import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { NodeLab } from "../src/agent/testing/node-lab.ts"

export interface Launch {
  readonly ms: number
  readonly code: number
  /** Peak resident memory of the process. */
  readonly rssKiB: number
}

export type Launcher = AsyncDisposable & {
  /** Starts all at once; resolves when the last has ended. */
  run(calls: readonly { command: string; container: string }[]): Promise<Launch[]>
}

const compiler = "cc"
const config = JSON.stringify({ cniVersion: "1.0.0", name: "aws-cni", type: "berth-cni" })

/** Compiles launch.c and starts it in the node's namespace. */
export async function startLauncher(lab: NodeLab): Promise<Launcher> {
  const program = join(lab.folder, "launch")
  const source = fileURLToPath(new URL("launch.c", import.meta.url))
  execFileSync(compiler, ["-std=c11", "-O2", "-o", program, source])
  const plugin = join(lab.environment.HOST_CNI_BIN_PATH, "berth-cni")
  const child = lab.host.enter(() =>
    spawn(program, [plugin, config], { stdio: ["pipe", "pipe", "inherit"] }),
  )
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    async run(calls) {
      const text = calls.map(
        ({ command, container }) =>
          `${command} ${container} ${join(lab.folder, "netns", container)}\n`,
      )
      child.stdin.write(`${text.join("")}\n`)
      const launches: Launch[] = []
      while (launches.length < calls.length) {
        const { value, done } = await lines.next()
        if (done) throw new Error("the launcher ended")
        const [us = 0, code = 0, rssKiB = 0] = value.split(" ").map(Number)
        launches.push({ ms: us / 1000, code, rssKiB })
      }
      return launches
    },
    async [Symbol.asyncDispose]() {
      const closed = once(child, "close")
      child.stdin.end()
      await closed
    },
  }
}
