import { nodePlacement } from "../api/nodenetwork.ts"
import type { NetNamespace } from "../kernel/kernel.ts"
import type { Attachment, Wiring } from "./book-record.ts"
import { mainTable, rulePriority } from "./network/tables.ts"

/**
 * The pods that Amazon VPC CNI attached before Berth took the node over, from its checkpoint (format
 * vpc-cni-ipam/1). Without them their addresses would be handed out again. Throws when the file is there and cannot be
 * understood: guessing would do just that.
 */
export function importCheckpoint(
  text: string | undefined,
  host: NetNamespace,
  link: Pick<Wiring, "mtu" | "vethPrefix">,
): Attachment[] {
  if (text === undefined) return []
  const { version, allocations } = JSON.parse(text)
  if (version !== "vpc-cni-ipam/1" || !Array.isArray(allocations)) {
    throw new Error(`unknown checkpoint version ${JSON.stringify(version)}`)
  }
  const tables = new Map(
    host
      .rules()
      .filter((rule) => rule.priority === rulePriority.fromPod)
      .map((rule) => [rule.from, rule.table]),
  )
  return (allocations as Allocation[]).flatMap((a): Attachment[] => {
    if (!a.ipv4) return []
    const { networkName: network, containerID, ifName, metadata = {} } = a
    const { k8sPodNamespace: namespace = "", k8sPodName: name = containerID } = metadata
    const held = {
      key: { network, containerID, ifName },
      pod: { namespace, name },
      placement: nodePlacement,
      address: a.ipv4,
      interfaceID: "",
      assignedAt: Math.round((a.allocationTimestamp ?? 0) / 1e6),
    }
    const table = tables.get(`${a.ipv4}/32`) ?? mainTable
    return [{ held, wiring: { netns: "", table, ...link } }]
  })
}

interface Allocation {
  networkName: string
  containerID: string
  ifName: string
  ipv4?: string
  /** Nanoseconds since the epoch. */
  allocationTimestamp?: number
  metadata?: { k8sPodNamespace?: string; k8sPodName?: string }
}
