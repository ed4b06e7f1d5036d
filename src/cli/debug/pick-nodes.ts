import type { NodeRow } from "../../fleet/status/fleet-status.ts"

/** Healthy nodes to compare with. */
const healthyMost = 2

/** The nodes worth a log: those in trouble, and a few that are not, at most `most`. Those given first are taken first. */
export function pickNodes(
  nodes: readonly Pick<NodeRow, "node" | "stuck" | "converged">[],
  unready: ReadonlySet<string>,
  most: number,
): string[] {
  const inTrouble = nodes.filter((n) => n.stuck > 0 || !n.converged || unready.has(n.node))
  const well = nodes.filter((n) => !inTrouble.includes(n)).slice(0, healthyMost)
  return [...inTrouble.slice(0, Math.max(0, most - well.length)), ...well]
    .slice(0, most)
    .map((n) => n.node)
}
