import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { PodAttachment } from "../src/agent/network/pod-plan.ts"
import type { NodeLab } from "../src/agent/testing/node-lab.ts"

export type RawWirer = AsyncDisposable & {
  /** Milliseconds that the kernel takes to attach the container, or to detach it. */
  run(work: "wire" | "unwire", container: string, index: number): Promise<number>
}

/** Starts raw-wiring.ts in the node's namespace. */
export function startRawWirer(lab: NodeLab): RawWirer {
  const program = fileURLToPath(new URL("raw-wiring.ts", import.meta.url))
  const args = ["--disable-warning=ExperimentalWarning", program]
  const child = lab.host.enter(() =>
    spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] }),
  )
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    async run(work, containerId, index) {
      const attachment: PodAttachment = {
        namespace: "default",
        pod: containerId,
        containerId,
        interfaceName: "eth0",
        netns: join(lab.folder, "netns", containerId),
        // Above the addresses that the agent has.
        address: `100.64.2.${150 + index}`,
        table: 3,
        mtu: 9001,
        vethPrefix: "eni",
      }
      child.stdin.write(`${JSON.stringify([work, attachment])}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error("raw wiring ended")
      return Number(value)
    },
    async [Symbol.asyncDispose]() {
      const closed = once(child, "close")
      child.stdin.end()
      await closed
    },
  }
}
