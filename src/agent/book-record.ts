import type { Offer } from "../api/nodenetwork.ts"
import { type AttachmentKey, type Cooling, type Held, keyText } from "../ipam/held.ts"
import type { Kept } from "../ipam/kept.ts"
import type { Pool } from "../ipam/pool.ts"
import type { PodAttachment } from "./network/pod-plan.ts"

/** An address in use, and where: what DEL and the search for orphans need after a restart. */
export interface Attachment {
  readonly held: Held
  readonly wiring: Wiring
}

/** How the pod was wired: a later start with other settings must still find what this one made. */
export type Wiring = Pick<
  PodAttachment,
  "netns" | "table" | "mtu" | "vethPrefix" | "isolated" | "branch"
>

/** What the journal holds. Replaying any prefix gives a state that the agent has been in. */
export type BookRecord =
  | { readonly op: "hold"; readonly held: Held; readonly wiring: Wiring }
  | {
      readonly op: "free"
      readonly key: AttachmentKey
      readonly cooling?: Cooling
      readonly kept?: Kept
    }
  /** An address that waits for its pod to come back, as a snapshot has it. Nothing is written when it stops waiting. */
  | { readonly op: "keep"; readonly kept: Kept }
  /** An address in cool-down, as a snapshot has it. */
  | { readonly op: "cool"; readonly cooling: Cooling }
  | { readonly op: "offer"; readonly offers: readonly Offer[] }
  /** The controller has carried these offers out. */
  | { readonly op: "settle"; readonly offers: readonly Offer[] }

export interface Recalled {
  readonly attachments: Map<string, Attachment>
  readonly cooling: Cooling[]
  readonly kept: Kept[]
  readonly offers: Offer[]
}

/** Replays the journal. Records of an unknown kind come from a later version, which has to bear their loss. */
export function recall(records: readonly unknown[]): Recalled {
  const attachments = new Map<string, Attachment>()
  const holders = new Map<string, string>()
  const cooling = new Map<string, Cooling>()
  const kept = new Map<string, Kept>()
  const offers = new Map<string, Offer>()
  for (const record of records) {
    if (!isRecord(record)) continue
    switch (record.op) {
      case "hold": {
        const { key, address } = record.held
        // Whoever held it before had given it up, even if that line was lost to damage.
        const before = holders.get(address)
        if (before !== undefined) attachments.delete(before)
        holders.set(address, keyText(key))
        attachments.set(keyText(key), { held: record.held, wiring: record.wiring })
        cooling.delete(address)
        kept.delete(address)
        break
      }
      case "free":
        attachments.delete(keyText(record.key))
        if (record.cooling) cooling.set(record.cooling.address, record.cooling)
        if (record.kept) keep(kept, record.kept)
        break
      case "keep":
        keep(kept, record.kept)
        break
      case "cool":
        cooling.set(record.cooling.address, record.cooling)
        break
      case "offer":
        for (const offer of record.offers) offers.set(offerText(offer), offer)
        break
      case "settle":
        for (const offer of record.offers) offers.delete(offerText(offer))
        break
    }
  }
  return {
    attachments,
    cooling: [...cooling.values()],
    kept: [...kept.values()],
    offers: [...offers.values()],
  }
}

/** One address for each pod: what was kept for it before is not any more. */
function keep(all: Map<string, Kept>, kept: Kept): void {
  const { namespace, name } = kept.pod
  for (const { pod, address } of [...all.values()])
    if (pod.namespace === namespace && pod.name === name) all.delete(address)
  all.set(kept.address, kept)
}

const ops: readonly string[] = ["hold", "free", "cool", "keep", "offer", "settle"]

const isRecord = (record: unknown): record is BookRecord =>
  typeof record === "object" && record !== null && "op" in record && ops.includes(String(record.op))

const offerText = (o: Offer) => `${o.interfaceID} ${o.address ?? o.prefix ?? ""}`

/** The records that stand for the pool as it is now. */
export function snapshotOf(pool: Pool, attachments: Iterable<Attachment>): BookRecord[] {
  return [
    ...[...attachments].map((a) => ({ op: "hold" as const, ...a })),
    ...[...pool.cooling()].map((cooling) => ({ op: "cool" as const, cooling })),
    ...pool.kept().map((kept) => ({ op: "keep" as const, kept })),
    { op: "offer", offers: pool.offers() },
  ]
}
