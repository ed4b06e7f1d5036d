import {
  type NodeNetworkStatus,
  nodePlacement,
  type PlacementKey,
  type StickyPod,
} from "../api/nodenetwork.ts"
import type { Held } from "../ipam/held.ts"
import type { NotKept } from "../ipam/kept.ts"
import type { AssignRequest } from "../ipam/pool.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"
import { parsePlacementKey } from "../placement/placement.ts"
import type { AddressBook } from "./address-book.ts"
import type { NodeObjects } from "./node-objects.ts"
import type { PodPlacements } from "./pod-placements.ts"

export interface StickyAddressesOptions {
  readonly book: AddressBook
  readonly objects: Pick<NodeObjects, "pods">
  readonly placements: Pick<PodPlacements, "keepMs">
  readonly events: EventRecorder
  readonly status: () => NodeNetworkStatus | undefined
}

/** Which pods get their address back, and what is said about those that cannot. */
export class StickyAddresses {
  readonly #o: StickyAddressesOptions

  constructor(o: StickyAddressesOptions) {
    this.#o = o
  }

  /** For how long the pod's address is kept after it; undefined when it is not. */
  keepMs({ placement, pod }: AssignRequest): number | undefined {
    const pool = this.#poolOf(placement)
    return pool === undefined ? undefined : this.#o.placements.keepMs(pod, pool)
  }

  /** Tells a pod why it has another address than before. */
  tell({ pod, address }: Held, before: NotKept): void {
    const read = this.#o.objects.pods.get(pod.name, pod.namespace)
    if (read.state !== "known") return
    const note = `address ${before.address} could not be kept: ${before.why}; the pod has ${address} now`
    const occurrence = { reason: "AddressNotKept", action: "AssignAddress", note } as const
    this.#o.events.record({ regarding: read.object, type: "Warning", ...occurrence })
  }

  /** `spec.sticky`: pods whose address will be kept, and addresses that are. */
  list(): StickyPod[] {
    const { book, objects } = this.#o
    const running = book.attachments().flatMap(({ held }): StickyPod[] => {
      if (held.keepMs === undefined) return []
      const read = objects.pods.get(held.pod.name, held.pod.namespace)
      const uid = read.state === "known" ? read.object.metadata.uid : undefined
      return uid === undefined ? [] : [{ ...this.#sticky(held), uid }]
    })
    const kept = book.pool.kept().map((entry): StickyPod => {
      const keptUntil = new Date(entry.keptUntil).toISOString()
      return { ...this.#sticky(entry), keptUntil }
    })
    return [...running, ...kept].sort((a, b) => (a.address < b.address ? -1 : 1))
  }

  #sticky({ placement, pod: { namespace, name }, address }: Held): StickyPod {
    return { pool: this.#poolOf(placement) ?? "", namespace, name, address }
  }

  #poolOf(placement: PlacementKey): string | undefined {
    const own = parsePlacementKey(placement)
    if (own?.pool !== undefined) return own.pool
    const { binding } = this.#o.status() ?? {}
    const follows = placement === nodePlacement || own?.groups !== undefined
    return follows && binding?.source === "SubnetPool" ? binding.name : undefined
  }
}
