import type { Pod } from "../api/core.ts"
import type { Clock } from "../clock.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"
import type { Refusal } from "./shortage-reason.ts"
import type { WaitingPods } from "./waiting-pods.ts"

/** A pod that waits for supply under way is told about it after this long; a refusal is told at once. */
const quietMs = 5_000
/** Pods told in one pass: a node runs at most a few hundred. */
const maxPods = 300

/** What pods of a placement that wait can expect. */
export interface Outlook {
  /** Free addresses that can be had at once: these pods wait for their runtime only, and are told nothing. */
  readonly ready: number
  /** Free addresses on interfaces that are being set up, and what that waits for. */
  readonly coming: number
  readonly comingReason: Refusal
  /** Why there is nothing for the others. */
  readonly reason: Refusal
}

/** Tells waiting pods why they wait, each reason once. */
export class PodReasons {
  readonly #events: EventRecorder
  readonly #clock: Clock
  /** By uid: since when the pod waits, and what it was told last. */
  readonly #told = new Map<string, { since: number; note: string }>()

  constructor(events: EventRecorder, clock: Clock) {
    this.#events = events
    this.#clock = clock
  }

  /** Returns when to call again, ms since the epoch, if a pod is still in its quiet time. */
  tell(
    waiting: WaitingPods,
    outlookOf: (placement: string) => Outlook,
    /** Why a pod gets nothing whatever its placement has. */
    withheld: (placement: string, pod: Pod) => Refusal | undefined = () => undefined,
  ): number | undefined {
    const now = this.#clock.now()
    const all = [
      ...waiting.refused.map(({ pod, refusal }) => ({
        pod,
        reason: { why: refusal.message, hint: refusal.hint, refused: true },
      })),
      ...[...waiting.byPlacement].flatMap(([placement, all]) => {
        const denied = all.flatMap((pod) => {
          const reason = withheld(placement, pod)
          return reason ? [{ pod, reason }] : []
        })
        const pods = all.filter((pod) => !denied.some((d) => d.pod === pod))
        const { ready, coming, comingReason, reason } = outlookOf(placement)
        return [
          ...denied,
          ...pods.slice(ready, ready + coming).map((pod) => ({ pod, reason: comingReason })),
          ...pods.slice(ready + coming).map((pod) => ({ pod, reason })),
        ]
      }),
    ]
    this.#forget(new Set(all.map(({ pod }) => idOf(pod))))
    let next: number | undefined
    for (const { pod, reason } of all.slice(0, maxPods)) {
      const id = idOf(pod)
      const told = this.#told.get(id) ?? { since: now, note: "" }
      this.#told.set(id, told)
      const note = `no address: ${reason.why}. ${reason.hint}`
      if (note === told.note) continue
      const due = told.since + quietMs
      if (!reason.refused && now < due) {
        next = Math.min(next ?? due, due)
        continue
      }
      told.note = note
      const occurrence = { reason: "FailedAddressAssignment", action: "AssignAddress", note }
      this.#events.record({ regarding: pod, type: "Warning", ...occurrence })
    }
    return next
  }

  #forget(waiting: ReadonlySet<string>) {
    for (const id of this.#told.keys()) if (!waiting.has(id)) this.#told.delete(id)
  }
}

const idOf = ({ metadata }: Pod) => metadata.uid ?? `${metadata.namespace}/${metadata.name}`
