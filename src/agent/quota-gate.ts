import type { NodeNetwork, NodeNetworkStatus, PlacementKey, PodClaim } from "../api/nodenetwork.ts"
import { Grants } from "../ipam/grants.ts"
import { parsePlacementKey } from "../placement/placement.ts"
import type { AddressBook } from "./address-book.ts"
import type { NodeObjects } from "./node-objects.ts"
import type { PodPlacements } from "./pod-placements.ts"
import type { Refusal } from "./shortage-reason.ts"
import type { WaitingPods } from "./waiting-pods.ts"

export interface QuotaGateOptions {
  readonly book: AddressBook
  readonly objects: Pick<NodeObjects, "pods">
  readonly placements: Pick<PodPlacements, "quotaOf">
  readonly status: () => NodeNetworkStatus | undefined
}

interface PodName {
  readonly namespace: string
  readonly name: string
}

/** The agent's part in the quotas of SubnetPools: it names every pod, and gives an address to those that are granted. */
export class QuotaGate {
  readonly #o: QuotaGateOptions
  readonly #grants = new Grants()

  constructor(o: QuotaGateOptions) {
    this.#o = o
  }

  /** Takes in spec as a watch, or the answer to a write, shows it; false when that is no news. */
  observe({ metadata, spec }: NodeNetwork, answered: boolean): boolean {
    return this.#grants.observe(metadata.generation ?? 0, spec.demand, answered)
  }

  /** A write of spec failed, or its answer was lost. */
  doubt(): void {
    this.#grants.doubt()
  }

  /** `claims` of every placement that a quota applies to, those with draining interfaces alone included. */
  claims({ byPlacement, others }: WaitingPods): Map<PlacementKey, PodClaim[]> {
    const { book } = this.#o
    const attachments = book.attachments().map((a) => a.held)
    const interfaces = [...book.pool.interfaces()].map((i) => i.facts.placement)
    const held = attachments.map((a) => a.placement)
    const keys = new Set([...interfaces, ...held, ...byPlacement.keys(), ...others.keys()])
    const limited = [...keys].filter((key) => this.#applies(key))
    return new Map(
      limited.map((key) => {
        const pods = byPlacement.get(key)?.map(({ metadata }) => nameOf(metadata)) ?? []
        const waiting = [...pods, ...(others.get(key) ?? [])]
        const own = attachments.filter((a) => a.placement === key).map((a) => a.pod)
        return [
          key,
          [
            ...own.map((pod) => this.#claim(pod, true)).sort((a, b) => (a.pod < b.pod ? -1 : 1)),
            ...waiting.map((pod) => this.#claim(pod, false)),
          ],
        ]
      }),
    )
  }

  /** Whether a pod may not have an address yet although there may be free ones. A grant is for one attachment. */
  withholds({ placement, pod }: { placement: PlacementKey; pod: PodName }): boolean {
    if (!this.#applies(placement)) return false
    const pool = parsePlacementKey(placement)?.pool
    const served = this.#o.book
      .attachments()
      .some(
        ({ held }) =>
          held.pod.name === pod.name &&
          held.pod.namespace === pod.namespace &&
          parsePlacementKey(held.placement)?.pool === pool,
      )
    return served || !this.#grants.admits(this.#idOf(pod), this.#o.status())
  }

  /** Why a pod is made to wait. */
  reason(pod: PodName): Refusal {
    const id = this.#idOf(pod)
    const denial = this.#o.status()?.quota?.denied.find(({ pods }) => pods.includes(id))
    const { message: why, hint } = denial ?? unanswered
    return { why, hint, refused: denial?.code === "ipam/quota-reached", final: false }
  }

  #applies(key: PlacementKey): boolean {
    const pool = parsePlacementKey(key)?.pool
    return pool !== undefined && this.#o.placements.quotaOf(pool) !== undefined
  }

  #claim(pod: PodName, held: boolean): PodClaim {
    return { pod: this.#idOf(pod), namespace: pod.namespace, held }
  }

  /** A pod that is made anew under the same name is another one. */
  #idOf({ namespace, name }: PodName): string {
    const read = this.#o.objects.pods.get(name, namespace)
    return (read.state === "known" && read.object.metadata.uid) || `${namespace}/${name}`
  }
}

const nameOf = ({ namespace = "", name }: { namespace?: string; name: string }): PodName => ({
  namespace,
  name,
})

const unanswered = {
  message: "the controller has not said yet whether the quota of the SubnetPool has room",
  hint: "It takes a moment; if it lasts, look at the controller (kubectl logs -n kube-system deploy/berth-controller).",
}
