import type { StickyPod } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"

/** Pods told so far; beyond it the first are forgotten, and might be told again. */
const toldMax = 10_000

/**
 * Tells pods that came up on another node than the one that keeps their address. Only the controller sees both. Costs
 * a look at what the node keeps and runs, for each change of it.
 */
export class StickyMoves {
  readonly #o: { clock: Clock; recorder: Pick<EventRecorder, "record"> }
  readonly #byNode = new Map<string, readonly StickyPod[]>()
  /** By identity: the nodes that keep an address for it, or run it. */
  readonly #nodesOf = new Map<string, Set<string>>()
  readonly #told = new Set<string>()

  constructor(o: { clock: Clock; recorder: Pick<EventRecorder, "record"> }) {
    this.#o = o
  }

  note(node: string, sticky: readonly StickyPod[]): void {
    for (const identity of (this.#byNode.get(node) ?? []).map(identityOf)) {
      const nodes = this.#nodesOf.get(identity)
      nodes?.delete(node)
      if (nodes?.size === 0) this.#nodesOf.delete(identity)
    }
    this.#byNode.set(node, sticky)
    if (sticky.length === 0) this.#byNode.delete(node)
    for (const pod of sticky) {
      const identity = identityOf(pod)
      const nodes = this.#nodesOf.get(identity) ?? new Set()
      this.#nodesOf.set(identity, nodes.add(node))
      if (nodes.size > 1) this.#compare(identity, nodes)
    }
  }

  #compare(identity: string, nodes: ReadonlySet<string>): void {
    const all = [...nodes].flatMap((node) =>
      (this.#byNode.get(node) ?? [])
        .filter((pod) => identityOf(pod) === identity)
        .map((pod) => ({ node, pod })),
    )
    const now = this.#o.clock.now()
    const kept = all.find(({ pod }) => Date.parse(pod.keptUntil ?? "") > now)
    const running = all.find(({ pod }) => pod.uid !== undefined)
    if (kept && running && kept.node !== running.node) this.#tell(running.pod, kept)
  }

  #tell({ namespace, name, uid = "", address }: StickyPod, kept: { node: string; pod: StickyPod }) {
    if (this.#told.has(uid)) return
    this.#told.add(uid)
    const oldest = this.#told.values().next().value
    if (this.#told.size > toldMax && oldest !== undefined) this.#told.delete(oldest)
    const where = `it is kept on node ${kept.node} until ${kept.pod.keptUntil}, and an address stays on its node`
    const note = `address ${kept.pod.address} could not be kept: ${where}; the pod has ${address} now`
    const regarding = { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, uid } }
    const occurrence = { reason: "AddressNotKept", action: "AssignAddress", note } as const
    this.#o.recorder.record({ regarding, type: "Warning", ...occurrence })
  }
}

const identityOf = ({ pool, namespace, name }: StickyPod) => `${pool} ${namespace}/${name}`
