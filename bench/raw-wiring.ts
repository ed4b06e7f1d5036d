// What the kernel alone takes for a pod: the namespace opened, and the requests of its plan sent one after another. No
// agent, no plugin, no look at what is there. Runs inside the node's namespace; for each line of stdin, `wire` or
// `unwire` and the attachment as JSON, it prints the time in ms.
import { createInterface } from "node:readline"
import { type PodAttachment, planPod } from "../src/agent/network/pod-plan.ts"
import { vethNames } from "../src/agent/network/veth-name.ts"
import { netlinkKernel } from "../src/kernel/netlink/netlink-kernel.ts"
import { applyEach, undoOf } from "../src/kernel/undo-changes.ts"

const kernel = netlinkKernel()

for await (const line of createInterface(process.stdin)) {
  const [work, attachment] = JSON.parse(line) as ["wire" | "unwire", PodAttachment]
  const start = performance.now()
  using pod = kernel.open(attachment.netns)
  if (!pod) throw new Error(`${attachment.netns} is gone`)
  const plan = planPod(attachment, vethNames(attachment.vethPrefix, attachment)[0], pod)
  if (work === "wire") {
    kernel.host.apply([plan.veth, ...plan.host])
    pod.apply(plan.pod)
  } else applyEach(kernel.host, undoOf(plan.host))
  process.stdout.write(`${performance.now() - start}\n`)
}
