import type { PodRow } from "./cluster-view.ts"

/** Groups equal rows: thirty pods in four lines, which is what a person can compare. */
export interface Summary {
  readonly zone: string
  readonly node: string
  readonly subnet: string
  readonly securityGroups: string
  readonly seenAs: string
  readonly pods: number
  readonly example: string
}

export function summarise(rows: readonly PodRow[]): Summary[] {
  const groups = Map.groupBy(rows, (r) =>
    [r.zone, r.node, r.subnet, r.securityGroups, r.seenAs].join("|"),
  )
  return [...groups.values()].map((group) => {
    const first = group[0]!
    return {
      zone: first.zone,
      node: first.node,
      subnet: first.subnet === "" ? "none: stuck" : first.subnet,
      securityGroups: first.securityGroups,
      seenAs: first.seenAs,
      pods: group.length,
      example: first.address === "" ? first.pod : `${first.pod} ${first.address}`,
    }
  })
}

export const podHeader = ["POD", "NODE", "ZONE", "ADDRESS", "SUBNET", "SECURITY GROUPS", "SEEN AS"]
export const podCells = (r: PodRow): string[] => [
  r.pod,
  r.node === "" ? "-" : r.node,
  r.zone,
  r.address === "" ? "none" : r.address,
  r.subnet === "" ? "-" : r.subnet,
  r.securityGroups === "" ? "-" : r.securityGroups,
  r.seenAs === "" ? "-" : r.seenAs,
]
