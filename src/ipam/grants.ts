import type { NodeNetworkStatus, PlacementDemand } from "../api/nodenetwork.ts"

/**
 * Which pods of SubnetPools with a quota may take an address: those that status grants, provided that the controller
 * knew, when it wrote that status, of the wait that the pod is in now. A status from before says what was granted to an
 * earlier wait, which spec has withdrawn since; another node may have been given it.
 */
export class Grants {
  #generation = -1
  /** Waiting pods, with the generation of spec since which each has been waiting without a break. */
  #since = new Map<string, number>()
  #inDoubt = false

  /**
   * Spec as the API server has it; false when that is no news. Where a generation was missed, every wait is taken for a
   * new one. While a write is in doubt only the answer to a later one tells what the API server has: a watch may lag.
   */
  observe(generation: number, demand: readonly PlacementDemand[], answered: boolean): boolean {
    if (this.#inDoubt && !answered) return false
    this.#inDoubt = false
    if (generation <= this.#generation) return false
    const claims = demand.flatMap((d) => d.claims ?? [])
    const known = generation === this.#generation + 1 ? this.#since : new Map<string, number>()
    const waiting = claims.filter((claim) => !claim.held)
    this.#since = new Map(waiting.map(({ pod }) => [pod, known.get(pod) ?? generation]))
    this.#generation = generation
    return true
  }

  /** A write may have succeeded or not. */
  doubt(): void {
    this.#inDoubt = true
    this.#generation = -1
    this.#since.clear()
  }

  admits(
    pod: string,
    status: Pick<NodeNetworkStatus, "observedGeneration" | "quota"> | undefined,
  ): boolean {
    const since = this.#since.get(pod) ?? Number.POSITIVE_INFINITY
    const { observedGeneration = -1, quota } = status ?? {}
    return observedGeneration >= since && quota?.granted.includes(pod) === true
  }
}
