import { Ec2Fault } from "../../../ec2/memory/fault.ts"
import type { Tags } from "../../../vpc/model.ts"

/** Instances carry their group's name under this tag, as Auto Scaling sets it. */
export const groupTag = "aws:autoscaling:groupName"

export interface ScalingGroup {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly desired: number
  readonly subnetIds: readonly string[]
  readonly launchTemplate: { readonly id: string; readonly version: string }
  /** Protected from scale-in, by instance id. */
  readonly protectedIds: readonly string[]
  readonly protectNew: boolean
  readonly suspended: readonly string[]
  readonly tags: readonly GroupTag[]
  readonly createdAt: number
  /** Set while the group goes away. */
  readonly deleting?: boolean
}

export interface GroupTag {
  readonly key: string
  readonly value: string
  readonly propagate: boolean
}

/** An instance as its group sees it. */
export interface Member {
  readonly id: string
  readonly type: string
  readonly zone: string
  readonly subnetId: string
  readonly state: "Pending" | "InService" | "Terminating"
  readonly launchedAt: number
  /** Version of the launch template it was started from. */
  readonly version: string
}

export interface Activity {
  readonly id: string
  readonly group: string
  readonly description: string
  readonly cause: string
  readonly startedAt: number
  readonly endedAt: number
  readonly status: "Successful" | "Failed"
  readonly message?: string
}

export const validation = (message: string) => new Ec2Fault("ValidationError", message)

/** What a group must do to have the wanted number of instances. */
export type ScalingStep =
  | { readonly do: "launch"; readonly subnetId: string }
  | { readonly do: "terminate"; readonly id: string }

export interface ScalingView {
  readonly members: readonly Member[]
  /** Zone of each of the group's subnets. */
  readonly zoneOf: (subnetId: string) => string
  /** Number of the launch template's version that new instances get. */
  readonly currentVersion: string
  /** Instances lost while ReplaceUnhealthy was suspended: not made up for. */
  readonly unreplaced: number
}

/**
 * Steps towards the wanted size: zones are kept even; of those that may go, the ones of an old launch template go first,
 * then the oldest (the default termination policy).
 */
export function scalingSteps(group: ScalingGroup, view: ScalingView): ScalingStep[] {
  const live = view.members.filter((m) => m.state !== "Terminating")
  const missing = group.desired - live.length - view.unreplaced
  if (missing > 0) return launches(group, view, { live, missing })
  const may = live.filter((m) => !group.protectedIds.includes(m.id))
  if (missing === 0 || group.suspended.includes("Terminate")) return []
  return victims(may, live, { view, count: -missing })
}

function launches(
  group: ScalingGroup,
  view: ScalingView,
  { live, missing }: { live: readonly Member[]; missing: number },
): ScalingStep[] {
  if (group.suspended.includes("Launch") || group.subnetIds.length === 0) return []
  const perZone = new Map<string, number>()
  for (const { zone } of live) perZone.set(zone, (perZone.get(zone) ?? 0) + 1)
  return Array.from({ length: missing }, () => {
    const load = (subnetId: string) => perZone.get(view.zoneOf(subnetId)) ?? 0
    const subnetId = group.subnetIds.reduce((a, b) => (load(b) < load(a) ? b : a))
    const zone = view.zoneOf(subnetId)
    perZone.set(zone, (perZone.get(zone) ?? 0) + 1)
    return { do: "launch", subnetId }
  })
}

function victims(
  may: readonly Member[],
  live: readonly Member[],
  { view, count }: { view: ScalingView; count: number },
): ScalingStep[] {
  const left = new Set(live)
  const chosen: ScalingStep[] = []
  const candidates = new Set(may)
  while (chosen.length < count && candidates.size > 0) {
    const crowd = (m: Member) => [...left].filter((o) => o.zone === m.zone).length
    const old = (m: Member) => (m.version === view.currentVersion ? 1 : 0)
    const [next] = [...candidates].sort(
      (a, b) => crowd(b) - crowd(a) || old(a) - old(b) || a.launchedAt - b.launchedAt,
    )
    if (next === undefined) break
    candidates.delete(next)
    left.delete(next)
    chosen.push({ do: "terminate", id: next.id })
  }
  return chosen
}

/** Tags for an instance that the group starts. */
export const launchTags = (group: ScalingGroup): Tags => ({
  ...Object.fromEntries(group.tags.filter((t) => t.propagate).map((t) => [t.key, t.value])),
  [groupTag]: group.name,
})
