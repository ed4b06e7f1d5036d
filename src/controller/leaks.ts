import { clusterTag, createdAtTag, instanceTag } from "../ipam/ownership.ts"
import type { NetworkInterface } from "../vpc/model.ts"
import { descriptionPrefix, intentTag } from "./interface-tags.ts"

/** An interface this young may be on its way to its instance. */
const youngMs = 10 * 60_000
/** Between the first and the deciding sighting: one stale read never deletes anything. */
const quarantineMs = 5 * 60_000

export interface LeakInput {
  readonly clusterName: string
  /** What EC2 lists as available with this cluster's tag. */
  readonly seen: readonly NetworkInterface[]
  /** Interfaces and intent tokens that some node's record names. */
  readonly recorded: ReadonlySet<string>
  /** Leaked interfaces seen before, by when first. */
  readonly suspects: ReadonlyMap<string, number>
  readonly now: number
}

export interface LeakDecision {
  readonly suspects: ReadonlyMap<string, number>
  /** Proven ours, old enough, and seen twice: to be deleted. */
  readonly free: readonly NetworkInterface[]
}

/** Which detached interfaces were left behind. Proof of ownership, age and quarantine must all hold. */
export function decideLeaks(input: LeakInput): LeakDecision {
  const suspects = new Map<string, number>()
  const free: NetworkInterface[] = []
  for (const eni of input.seen) {
    if (!isLeft(eni, input)) continue
    const since = input.suspects.get(eni.id) ?? input.now
    suspects.set(eni.id, since)
    if (input.now - since >= quarantineMs) free.push(eni)
  }
  return { suspects, free }
}

function isLeft(eni: NetworkInterface, { clusterName, recorded, now }: LeakInput): boolean {
  const { tags } = eni
  const ours =
    tags[clusterTag] === clusterName &&
    tags[instanceTag] !== undefined &&
    eni.description.startsWith(descriptionPrefix) &&
    eni.type === "interface"
  if (!ours || eni.status !== "available" || eni.attachment) return false
  if (recorded.has(eni.id) || recorded.has(tags[intentTag] ?? "")) return false
  // A time that cannot be read proves no age; such an interface waits out its quarantine alone.
  const createdAt = Date.parse(tags[createdAtTag] ?? "")
  return Number.isNaN(createdAt) || now - createdAt >= youngMs
}
