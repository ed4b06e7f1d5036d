// Wires and unwires pods without agent and plugin: what the kernel alone costs. Runs inside the node's namespace;
// arguments: one JSON array of attachments. Prints the times in ms.
import type { PodAttachment } from "../src/agent/network/pod-plan.ts"
import { unwirePod, wirePod } from "../src/agent/network/pod-wiring.ts"
import { netlinkKernel } from "../src/kernel/netlink/netlink-kernel.ts"

const attachments: PodAttachment[] = JSON.parse(process.argv[2] ?? "[]")
const kernel = netlinkKernel()
const timed = (work: () => void): number => {
  const start = performance.now()
  work()
  return performance.now() - start
}
const wire = attachments.map((a) => timed(() => wirePod(kernel, a)))
const unwire = attachments.map((a) => timed(() => unwirePod(kernel, a)))
process.stdout.write(JSON.stringify({ wire, unwire }))
