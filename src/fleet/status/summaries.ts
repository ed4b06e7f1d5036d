import type { SubnetPool } from "../../api/subnetpool.ts"
import type { NodeRow, SubnetRow } from "./fleet-status.ts"

export interface ZoneRow {
  readonly zone: string
  readonly nodes: number
  /** Nodes with an interface in a subnet that their placement does not name. */
  readonly converging: number
  /** Addresses that nodes hold for pods, and those in use. */
  readonly addresses: number
  readonly used: number
  readonly stuck: number
  /** Of the zone's subnets that pods get addresses from. */
  readonly total: number
  readonly free: number
}

/** What the zones have: pods move between nodes of a zone, and their addresses do not leave it. */
export function zoneRows(
  nodes: readonly NodeRow[],
  subnets: readonly SubnetRow[],
  customNetworking: boolean,
): ZoneRow[] {
  const forPods = subnets.filter((s) => !customNetworking || s.usedBy.some((u) => u !== "nodes"))
  const byZone = Map.groupBy(nodes, (n) => n.zone)
  return [...byZone]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([zone, here]) => {
      const own = forPods.filter((s) => s.zone === zone)
      const sum = <T>(rows: readonly T[], of: (row: T) => number) =>
        rows.reduce((n, row) => n + of(row), 0)
      return {
        zone,
        nodes: here.length,
        converging: here.filter((n) => !n.converged).length,
        addresses: sum(here, (n) => n.addresses),
        used: sum(here, (n) => n.used),
        stuck: sum(here, (n) => n.stuck),
        total: sum(own, (s) => s.total),
        free: sum(own, (s) => s.free),
      }
    })
}

export interface PoolRow {
  readonly pool: string
  readonly ready: boolean
  /** Of condition Ready. */
  readonly reason: string
  readonly nodes: number
  readonly pods: number
  readonly waiting: number
  readonly total: number
  readonly free: number
  readonly daysToFull: number | undefined
}

/** Pools as their controller sees them, those that are not ready first. */
export const poolRows = (pools: readonly SubnetPool[]): PoolRow[] =>
  pools
    .map(({ metadata, status }) => {
      const ready = status?.conditions.find((c) => c.type === "Ready")
      return {
        pool: metadata.name,
        ready: ready?.status === "True",
        reason: ready?.reason ?? "not looked at yet",
        ...{ nodes: status?.nodes ?? 0, pods: status?.pods ?? 0, waiting: status?.waiting ?? 0 },
        ...{ total: status?.total ?? 0, free: status?.free ?? 0 },
        daysToFull: status?.daysToFull,
      }
    })
    .sort((a, b) => Number(a.ready) - Number(b.ready) || (a.pool < b.pool ? -1 : 1))
