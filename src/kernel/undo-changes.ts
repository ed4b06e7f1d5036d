import type { Change, NetNamespace } from "./kernel.ts"

/**
 * What takes `changes` back, last first. Removing is idempotent, so it fits whether a change was carried out or not.
 * Settings of links and sysctls have no inverse: their links are the caller's, or go with the pair that addVeth made.
 */
export const undoOf = (changes: readonly Change[]): Change[] =>
  changes.toReversed().flatMap((change) => inverse(change) ?? [])

function inverse(change: Change): Change | undefined {
  switch (change.do) {
    case "addVeth":
    case "addVlan":
      return { do: "removeLink", name: change.name }
    case "putAddress":
      return { do: "removeAddress", link: change.link, address: change.address }
    case "putRoute":
      return { do: "removeRoute", route: change.route }
    case "putRule":
      return { do: "removeRule", rule: change.rule }
    case "putNeighbour":
      return { do: "removeNeighbour", neighbour: change.neighbour }
    case "setLink":
    case "sysctl":
    case "removeLink":
    case "removeAddress":
    case "removeRoute":
    case "removeRule":
    case "removeNeighbour":
      return undefined
  }
}

/** Tries every change even when one fails, because undoing must not stop half-way; returns the first failure. */
export function applyEach(namespace: NetNamespace, changes: readonly Change[]): unknown {
  let first: unknown
  for (const change of changes) {
    try {
      namespace.apply([change])
    } catch (error) {
      first ??= error
    }
  }
  return first
}
