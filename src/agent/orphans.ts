import { keyText } from "../ipam/held.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { Attachment } from "./book-record.ts"
import type { CallContext } from "./calls/context.ts"
import { podAttachment } from "./calls/context.ts"
import { detach } from "./calls/del.ts"
import { ownerOf, vethNames } from "./network/veth-name.ts"

/**
 * Attachments whose sandbox is gone without a DEL. Two things must agree: the namespace cannot be opened, and no host
 * link is the pod's. A namespace alone may be missing because /var/run/netns is not mounted into the agent's container.
 */
export function orphansOf(attachments: readonly Attachment[], kernel: Kernel): Attachment[] {
  // Only the end of a pair goes with the pod's namespace; a branch's link does not.
  const links = kernel.host.links().filter((link) => link.kind === "veth")
  const owners = new Set(links.map((link) => ownerText(ownerOf(link.alias))))
  // A link without an owner was made by Amazon VPC CNI, whose names tell only the pod.
  const unowned = new Set(links.filter((link) => !ownerOf(link.alias)).map((link) => link.name))
  const hasLink = (attachment: Attachment) => {
    const pod = podAttachment(attachment)
    if (owners.has(ownerText(pod))) return true
    return vethNames(pod.vethPrefix, pod).some((name) => unowned.has(name))
  }
  return attachments.filter((a) => !hasNamespace(a, kernel) && !hasLink(a))
}

/** Frees them; returns how many. Calls under way are left alone. */
export async function freeOrphans(c: CallContext): Promise<number> {
  const orphans = orphansOf(c.book.attachments(), c.kernel).filter(
    ({ held }) => !c.locks.has(keyText(held.key)),
  )
  for (const { held } of orphans) {
    const { pod, address } = held
    c.log.warn("freed the address of a sandbox that is gone", { pod, address })
    await c.locks.run(keyText(held.key), () => detach(held.key, "Orphan", c))
    c.metrics.berth_orphans_total.inc()
  }
  return orphans.length
}

function hasNamespace({ wiring }: Attachment, kernel: Kernel): boolean {
  if (wiring.netns === "") return false
  using namespace = kernel.open(wiring.netns)
  return namespace !== undefined
}

const ownerText = (owner: { containerId: string; interfaceName: string } | undefined) =>
  owner && `${owner.containerId} ${owner.interfaceName}`
