import type { Examination } from "../doctor/examination.ts"
import { forecast } from "../forecast.ts"
import type { Snapshot } from "../snapshot.ts"
import type { SubnetLayout } from "./subnet-layout.ts"
import { type TargetMode, targetMode, type ZoneNeed, zoneNeeds } from "./zone-needs.ts"

/** How long the addresses of a zone last after the change. */
export interface ZoneForecast {
  readonly zone: string
  /** The subnets that pods will take addresses of: ids, or the blocks of new ones. */
  readonly subnets: readonly string[]
  /** Addresses left once the pods of now and those to come have theirs; negative: so many are missing. */
  readonly left: number
  /** The same with every node full and one node more, as while nodes are replaced or upgraded. */
  readonly leftWhenFull: number
  /** Addresses an hour that the zone's pods take more, as measured; absent where it was not. */
  readonly burnRate?: number
  /** Until none is left at that rate; absent where it does not grow. */
  readonly daysToFull?: number
}

interface Planned {
  readonly mode: TargetMode
  readonly needs: readonly ZoneNeed[]
  readonly layout: SubnetLayout
}

/** Forecasts each zone. `earlier` are snapshots of before: with them the trend is known without Berth as well. */
export function zoneForecasts(
  examination: Examination,
  plan: Planned,
  earlier: readonly Snapshot[],
): ZoneForecast[] {
  const today = new Map(
    zoneNeeds(examination, targetMode(examination, {}), {}).map((need) => [need.zone, need.now]),
  )
  return plan.needs.map((need): ZoneForecast => {
    const { zone } = need
    const { names, free, inUse } = supplyOf(zone, examination, plan)
    // Pods that have their addresses there already are not among the free ones.
    const held = inUse ? (today.get(zone) ?? 0) : 0
    const left = free - (need.now - held)
    const burnRate = trendOf(zone, examination, earlier)
    return {
      ...{ zone, subnets: names, left, leftWhenFull: free - (need.full - held) },
      ...(burnRate !== undefined && { burnRate: Math.round(burnRate * 10) / 10 }),
      ...(burnRate !== undefined &&
        burnRate > 0 && { daysToFull: Math.max(0, left) / burnRate / 24 }),
    }
  })
}

function supplyOf(zone: string, examination: Examination, { layout, mode }: Planned) {
  const { aws, podSubnets, index } = examination
  const planned = layout.subnets.filter((s) => s.zone === zone)
  const [first] = planned
  if (first !== undefined) {
    const found = aws.subnets.find((s) => s.id === first.id)
    const free = found?.availableAddresses ?? first.usable
    const inUse = found !== undefined && podSubnets.has(found.id)
    return { names: [found?.id ?? first.cidr], free, inUse }
  }
  const stays = mode.customNetworking === index.mode.customNetworking
  const ids = stays ? subnetsNow(zone, examination) : nodeSubnets(zone, examination)
  const free = aws.subnets
    .filter((s) => ids.includes(s.id))
    .reduce((sum, s) => sum + s.availableAddresses, 0)
  return { names: ids, free, inUse: stays }
}

/** Where the zone's pods have their addresses now. */
function subnetsNow(zone: string, examination: Examination): string[] {
  const { aws, index, podSubnets } = examination
  const ofPods = aws.subnets.filter((s) => s.zone === zone && podSubnets.has(s.id))
  return index.mode.customNetworking && ofPods.length > 0
    ? ofPods.map((s) => s.id)
    : nodeSubnets(zone, examination)
}

function nodeSubnets(zone: string, { aws, nodes, index }: Examination): string[] {
  const inZone = aws.subnets.filter((s) => s.zone === zone)
  const ofNodes = nodes.flatMap((node) => index.instanceOf(node)?.subnetId ?? [])
  return inZone.map((s) => s.id).filter((id) => ofNodes.includes(id))
}

/** What the pools' status says of the zone's subnets; else the trend over the snapshots. */
function trendOf(
  zone: string,
  examination: Examination,
  earlier: readonly Snapshot[],
): number | undefined {
  const { index } = examination
  const ids = new Set(subnetsNow(zone, examination))
  const told = index.snapshot.cluster.subnetPools
    .flatMap((pool) => pool.status?.subnets ?? [])
    .filter((s) => ids.has(s.id))
    .flatMap((s) => s.burnRate ?? [])
  if (told.length > 0) return told.reduce((a, b) => a + b, 0)
  const samples = [...earlier, index.snapshot].flatMap(({ takenAt, aws }) => {
    const seen = (aws?.subnets ?? []).filter((s) => ids.has(s.id))
    const free = seen.reduce((sum, s) => sum + s.availableAddresses, 0)
    return seen.length === ids.size ? [{ at: Date.parse(takenAt), free }] : []
  })
  return forecast(samples)?.burnRate
}
