import type { Clock } from "../../../clock.ts"
import type { AutoScaling } from "../autoscaling/auto-scaling.ts"
import type { Member } from "../autoscaling/scaling-group.ts"
import type { NodeGroup } from "./node-group.ts"

/** What EKS does to nodes through the Kubernetes API. The world gives it; without it instances are enough. */
export interface NodeHooks {
  /** Whether the node has joined and is Ready. */
  isReady(instanceId: string): Promise<boolean>
  cordon(instanceId: string): Promise<void>
  uncordon(instanceId: string): Promise<void>
  /** Evicts the node's pods, heeding PodDisruptionBudgets; false when that takes longer than `timeoutMs`. */
  drain(instanceId: string, timeoutMs: number): Promise<boolean>
  /** Labels and taints of the group have changed. */
  relabel(group: NodeGroup, instanceIds: readonly string[]): Promise<void>
}

export const noNodes: NodeHooks = {
  isReady: async () => true,
  cordon: async () => {},
  uncordon: async () => {},
  drain: async () => true,
  relabel: async () => {},
}

export interface RollOptions {
  readonly groups: AutoScaling
  readonly hooks: NodeHooks
  readonly clock: Clock
  readonly signal: AbortSignal
  /** End nodes whose pods could not be evicted. */
  readonly force: boolean
}

/** "If the pods don't leave the node within 15 minutes and there's no force flag, the upgrade fails" (EKS user guide). */
const drainMs = 15 * 60_000
const joinMs = 15 * 60_000
const pollMs = 1_000

export interface RollFailure {
  readonly code: "NodeCreationFailure" | "PodEvictionFailure"
  readonly message: string
  readonly ids: readonly string[]
}

/**
 * Replaces the nodes that are not of `version`, in the phases of "Update behavior for managed nodes" (EKS user guide):
 * scale up, cordon the old ones, drain and end them a few at a time, scale down. Undefined when all went well.
 */
export async function rollNodes(
  group: NodeGroup,
  version: string,
  options: RollOptions,
): Promise<RollFailure | undefined> {
  const { groups, hooks } = options
  const before = groups.get(group.scalingGroup)
  const zones = new Set(members(group, options).map((m) => m.zone)).size
  const surge = group.updateStrategy === "MINIMAL" ? 0 : Math.max(2 * zones, group.maxUnavailable)
  const size = before.desired + surge
  groups.put({ ...before, desired: size, max: Math.max(before.max, size) })
  const isOld = (m: Member) => m.version !== version
  let failure = await untilReady(group, { isOld, size }, options)
  const old = members(group, options).filter(isOld)
  if (!failure) await Promise.all(old.map((m) => hooks.cordon(m.id)))
  for (let i = 0; i < old.length && !failure; i += group.maxUnavailable) {
    const batch = old.slice(i, i + group.maxUnavailable)
    failure = await replace(group, batch, options)
    failure ??= await untilReady(group, { isOld, size }, options)
  }
  if (failure) {
    const left = members(group, options).filter(isOld)
    await Promise.all(left.map((m) => hooks.uncordon(m.id)))
  }
  await scaleDown(
    group,
    { desired: before.desired, isOld: failure ? (m) => !isOld(m) : isOld },
    options,
  )
  groups.put({ ...groups.get(group.scalingGroup), min: before.min, max: before.max })
  return failure
}

const members = (group: NodeGroup, { groups }: RollOptions): Member[] =>
  groups.members(group.scalingGroup).filter((m) => m.state !== "Terminating")

/** Waits until the group has its size and every new node is Ready. */
async function untilReady(
  group: NodeGroup,
  wanted: { isOld: (m: Member) => boolean; size: number },
  options: RollOptions,
): Promise<RollFailure | undefined> {
  const { clock, hooks, signal } = options
  const deadline = clock.now() + joinMs
  for (;;) {
    const live = members(group, options)
    const fresh = live.filter((m) => !wanted.isOld(m))
    const ready = await Promise.all(
      fresh.map(async (m) => m.state === "InService" && (await hooks.isReady(m.id))),
    )
    if (live.length >= wanted.size && ready.every((r) => r)) return undefined
    if (clock.now() > deadline) {
      const ids = fresh.filter((_, i) => !ready[i]).map((m) => m.id)
      const message =
        "Couldn't proceed with upgrade process as new nodes are not joining node group"
      return { code: "NodeCreationFailure", message: `${message} ${group.name}`, ids }
    }
    await clock.sleep(pollMs, signal)
  }
}

async function replace(
  group: NodeGroup,
  batch: readonly Member[],
  { groups, hooks, force }: RollOptions,
): Promise<RollFailure | undefined> {
  const drained = await Promise.all(batch.map((m) => hooks.drain(m.id, drainMs)))
  const stuck = batch.filter((_, i) => !drained[i]).map((m) => m.id)
  if (stuck.length > 0 && !force) {
    const message = `Reached max retries while trying to evict pods from nodes in node group ${group.name}`
    return { code: "PodEvictionFailure", message, ids: stuck }
  }
  for (const { id } of batch) groups.terminate(id, false)
  return undefined
}

/** One node at a time, those that `isOld` says first, then the youngest. */
async function scaleDown(
  group: NodeGroup,
  to: { desired: number; isOld: (m: Member) => boolean },
  options: RollOptions,
): Promise<void> {
  const { groups, hooks } = options
  while (groups.get(group.scalingGroup).desired > to.desired) {
    const [victim] = members(group, options).sort(
      (a, b) => Number(to.isOld(b)) - Number(to.isOld(a)) || b.launchedAt - a.launchedAt,
    )
    if (victim === undefined) {
      groups.put({ ...groups.get(group.scalingGroup), desired: to.desired })
      return
    }
    await hooks.cordon(victim.id)
    await hooks.drain(victim.id, drainMs)
    groups.terminate(victim.id, true)
  }
}
