import { nodeCapacity } from "../capacity/node-capacity.ts"
import { isServed } from "../doctor/examination.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"

/**
 * - "too many": pods beyond the node's addresses would wait for ever;
 * - "room": more pods would get an address than the node takes;
 * - "unknown": its type is not in the table, or it advertises nothing.
 */
export type MaxPodsVerdict = "right" | "too many" | "room" | "unknown"

/** Nodes of one type that advertise the same and should advertise the same. */
export interface MaxPodsRow {
  readonly type: string
  readonly nodes: readonly string[]
  /** status.allocatable.pods. */
  readonly advertised?: number
  readonly recommended?: number
  /** Addresses that pods can have there. */
  readonly addresses?: number
  readonly verdict: MaxPodsVerdict
  readonly notes: readonly string[]
}

/** aws-node and kube-proxy use the node's own address. */
const hostNetworkPods = 2

/** What the live nodes advertise against what their ENIs can give, the worst first. O(nodes). */
export function compareMaxPods(index: FleetIndex): MaxPodsRow[] {
  const rows = index.snapshot.cluster.nodes.filter(isServed).map((node): MaxPodsRow => {
    const { allocatablePods: advertised } = node
    const shown = advertised === undefined ? {} : { advertised }
    const capacity = nodeCapacity(index, node)
    if (capacity === undefined) {
      const type = index.typeOf(node) ?? "?"
      return {
        type,
        nodes: [node.name],
        ...shown,
        verdict: "unknown",
        notes: ["no limits known for this type"],
      }
    }
    const { recommended, podAddresses, notes } = capacity.expected
    return {
      type: capacity.type,
      nodes: [node.name],
      ...shown,
      recommended,
      addresses: podAddresses,
      verdict: verdictOf(advertised, recommended, podAddresses),
      notes,
    }
  })
  return [...Map.groupBy(rows, keyOf).values()].flatMap(merged).sort(worstFirst)
}

function verdictOf(
  advertised: number | undefined,
  recommended: number,
  addresses: number,
): MaxPodsVerdict {
  if (advertised === undefined) return "unknown"
  if (advertised > addresses + hostNetworkPods) return "too many"
  return advertised < recommended ? "room" : "right"
}

const keyOf = (r: MaxPodsRow) => `${r.type} ${r.advertised} ${r.recommended} ${r.addresses}`

function merged(rows: readonly MaxPodsRow[]): MaxPodsRow[] {
  const [first] = rows
  return first === undefined ? [] : [{ ...first, nodes: rows.flatMap((r) => r.nodes) }]
}

const order: readonly MaxPodsVerdict[] = ["too many", "unknown", "room", "right"]

const worstFirst = (a: MaxPodsRow, b: MaxPodsRow) =>
  order.indexOf(a.verdict) - order.indexOf(b.verdict) || a.type.localeCompare(b.type)
