import type { Pod } from "../api/core.ts"
import type { PlacementKey } from "../api/nodenetwork.ts"
import type { BerthError } from "../errors/berth-error.ts"
import type { AddressBook } from "./address-book.ts"
import { type NodeObjects, wantsAddress } from "./node-objects.ts"
import type { PodPlacements } from "./pod-placements.ts"

/** Pods of this node that have no address, by what is to serve them. */
export interface WaitingPods {
  /** In the order in which they will be served: those whose ADD stands in line come first. */
  readonly byPlacement: ReadonlyMap<PlacementKey, readonly Pod[]>
  /** ADDs in line for pods that the watch does not show as waiting, such as a sandbox that is made anew. */
  readonly others: ReadonlyMap<PlacementKey, readonly { namespace: string; name: string }[]>
  /** Pods that no placement serves, and why. */
  readonly refused: readonly { readonly pod: Pod; readonly refusal: BerthError }[]
}

/** Counts pods from the moment they are bound, so that supply starts before the runtime asks. */
export async function waitingPods(
  objects: Pick<NodeObjects, "pods">,
  book: AddressBook,
  placements: PodPlacements,
): Promise<WaitingPods> {
  const attached = book.attachments().map(({ held }) => held)
  // Who comes back to a kept address needs no other.
  const held = new Set([...attached, ...book.pool.kept()].map(({ pod }) => nameOf(pod)))
  const line = new Map(book.waiting().map(({ pod }, i) => [nameOf(pod), i]))
  const place = (pod: Pod) => line.get(nameOfPod(pod)) ?? line.size
  const pods = objects.pods
    .list()
    .filter((pod) => wantsAddress(pod) && !held.has(nameOfPod(pod)))
    .sort((a, b) => place(a) - place(b))
  const decided = await Promise.all(
    pods.map(async (pod) => ({ pod, decision: await placements.decide(pod) })),
  )
  const byPlacement = new Map<PlacementKey, Pod[]>()
  for (const { pod, decision } of decided) {
    if (!decision.ok) continue
    const list = byPlacement.get(decision.key) ?? []
    byPlacement.set(decision.key, [...list, pod])
  }
  const counted = new Set(pods.map(nameOfPod))
  const inLine = book.waiting().filter(({ pod }) => !counted.has(nameOf(pod)))
  return {
    byPlacement,
    others: new Map(
      [...Map.groupBy(inLine, (w) => w.placement)].map(([key, list]) => [
        key,
        list.map((w) => w.pod),
      ]),
    ),
    refused: decided.flatMap(({ pod, decision }) =>
      decision.ok ? [] : [{ pod, refusal: decision.refusal }],
    ),
  }
}

type Counts = (waiting: {
  placement: PlacementKey
  pod: { namespace: string; name: string }
}) => boolean

/** How many addresses they need; `counts` leaves out those for whom nothing shall be got ready. */
export function countWaiting(
  { byPlacement, others }: WaitingPods,
  counts: Counts = () => true,
): Map<PlacementKey, number> {
  const sums = new Map<PlacementKey, number>()
  const add = (placement: PlacementKey, pods: readonly { namespace: string; name: string }[]) => {
    const own = pods.filter((pod) => counts({ placement, pod }))
    sums.set(placement, (sums.get(placement) ?? 0) + own.length)
  }
  for (const [key, pods] of others) add(key, pods)
  for (const [key, pods] of byPlacement)
    add(
      key,
      pods.map(({ metadata: { name, namespace = "" } }) => ({ namespace, name })),
    )
  return sums
}

const nameOf = (pod: { namespace: string; name: string }) => `${pod.namespace}/${pod.name}`
const nameOfPod = ({ metadata }: Pod) => `${metadata.namespace ?? ""}/${metadata.name}`
