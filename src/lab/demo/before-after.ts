import type { Scenario } from "../scenario.ts"
import type { PodRow } from "./cluster-view.ts"

/** Names that people give to subnets and security groups, by id: ids leave no room on a terminal of 80 columns. */
export function namesIn({ subnets, securityGroups }: Scenario): ReadonlyMap<string, string> {
  return new Map([
    ...subnets.map((s): [string, string] => [s.id, s.tags["Name"] ?? s.id]),
    ...securityGroups.map((g): [string, string] => [g.id, g.name]),
  ])
}

type Cells = readonly string[]

export const podHeader: Cells = ["POD", "NODE", "ADDRESS", "SUBNET", "SECURITY GROUPS"]
export function podCells(row: PodRow, names: ReadonlyMap<string, string>): Cells {
  const { node, subnet, securityGroups } = shown(row, names)
  return [row.pod, node, row.address || "none", subnet, securityGroups]
}

export const summaryHeader: Cells = ["ZONE", "NODE", "SUBNET", "SECURITY GROUPS", "SEEN AS", "PODS"]
/** Counts equal rows: thirty pods in four lines, which is what a person can compare. */
export function summarise(rows: readonly PodRow[], names: ReadonlyMap<string, string>): Cells[] {
  const lines = rows.map((row) => {
    const { node, subnet, securityGroups } = shown(row, names)
    return [row.zone, node, subnet, securityGroups, row.seenAs || "-"]
  })
  const groups = Map.groupBy(lines, (line) => line.join("|"))
  return [...groups.values()].map((group) => [...(group[0] ?? []), String(group.length)])
}

const shown = ({ node, subnet, securityGroups }: PodRow, names: ReadonlyMap<string, string>) => ({
  node: node.split(".")[0] || "-",
  subnet: subnet === "" ? "none: stuck" : (names.get(subnet) ?? subnet),
  securityGroups: securityGroups.map((id) => names.get(id) ?? id).join(",") || "-",
})
