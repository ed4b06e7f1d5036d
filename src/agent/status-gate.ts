import type { NodeMode, NodeNetwork } from "../api/nodenetwork.ts"

/**
 * Whether a status may be used. After custom networking is turned on, the status on record still lists the interfaces
 * of the old mode as serving; a pod started from it would get an address of the wrong subnet. And where an instance has
 * the private address of one before it, it has its name too: the record then lists interfaces that are gone. So a
 * status counts only once the controller has seen a spec with the present mode and instance.
 */
export class StatusGate {
  readonly #mode: NodeMode
  /** The first generation of spec known to have the present mode and instance; undefined until one was seen. */
  #since: number | undefined

  constructor(mode: NodeMode) {
    this.#mode = mode
  }

  /** What was last known has the present mode: any status is at least as new. */
  trust(): void {
    this.#since = 0
  }

  admits({ spec, status, metadata }: NodeNetwork, instanceID: string | undefined): boolean {
    if (spec.instanceID !== instanceID || !samePlacementMode(spec.mode, this.#mode)) {
      this.#since = undefined
      return false
    }
    this.#since ??= metadata.generation ?? 0
    // A controller that does not say what it has seen is taken at its word.
    return (status?.observedGeneration ?? this.#since) >= this.#since
  }
}

/** Whether two modes lead to the same placements. */
export const samePlacementMode = (a: NodeMode, b: NodeMode): boolean =>
  a.customNetworking === b.customNetworking &&
  a.subnetDiscovery === b.subnetDiscovery &&
  a.annotationKey === b.annotationKey &&
  a.labelKey === b.labelKey
