import type {
  NodeRotationSpec,
  NodeRotationStatus,
  RotatedNode,
  RotatedNodeState,
  RotationPhase,
} from "../../api/noderotation.ts"
import {
  groupKey,
  type RotationAction,
  type RotationView,
  type ViewNode,
  type ViewPod,
} from "./rotation-view.ts"

export interface RotationDecision {
  readonly status: NodeRotationStatus
  readonly actions: readonly RotationAction[]
}

const defaultDrainSeconds = 900

/**
 * One step of a rotation: what to do now, and what to record. Level-triggered: it looks at what is there, not at what
 * it did before, so that it can be resumed by another process at any point. Actions must be done before the status is
 * written: what is done twice is harmless, what is recorded but not done would be lost.
 */
export function decideRotation(
  spec: NodeRotationSpec,
  before: NodeRotationStatus | undefined,
  view: RotationView,
  now: number,
): RotationDecision {
  const entries = spec.nodes.map((name) => entryOf(name, before, view, now))
  if (spec.undo) return undo(entries, view, now)
  if (spec.paused)
    return conclude("Paused", "nothing is started or evicted while paused", entries, [])
  const step: Step = {
    spec,
    view,
    now,
    actions: [],
    claimed: new Set(entries.flatMap((e) => e.replacement ?? [])),
    old: new Set(entries.flatMap((e) => e.uid ?? [])),
    surging: new Map(),
  }
  cordonAhead(entries, step)
  let active = entries.filter(inWork).length
  const next: RotatedNode[] = []
  for (const entry of entries) {
    const allowed = active < budget(spec, entries) && canaryPassed(entries, entry)
    const moved = advance(entry, step, allowed)
    if (entry.state === "Waiting" && inWork(moved)) active++
    next.push(moved)
  }
  const blocked = next.find((e) => e.message?.startsWith(blockedPrefix))
  if (blocked !== undefined)
    return conclude("Blocked", `${blocked.name}: ${blocked.message}`, next, step.actions)
  const done = next.every((e) => e.state === "Done")
  if (done) step.actions.push(...restores(next))
  const current = next.filter(inWork).map((e) => `${e.name} ${e.state.toLowerCase()}`)
  return conclude(
    done ? "Completed" : "Running",
    done ? "every node was replaced" : current.join(", "),
    next,
    step.actions,
  )
}

interface Step {
  readonly spec: NodeRotationSpec
  readonly view: RotationView
  readonly now: number
  readonly actions: RotationAction[]
  /** Replacements that already belong to an entry. */
  readonly claimed: Set<string>
  /** Uids of the nodes to replace. */
  readonly old: ReadonlySet<string>
  /** Replacements waited for, by group. */
  readonly surging: Map<string, number>
}

const blockedPrefix = "blocked: "

function entryOf(
  name: string,
  before: NodeRotationStatus | undefined,
  view: RotationView,
  now: number,
): RotatedNode {
  const known = before?.nodes.find((n) => n.name === name)
  if (known !== undefined) return known
  const node = view.nodes.get(name)
  return {
    name,
    state: "Waiting",
    since: new Date(now).toISOString(),
    ...(node === undefined ? {} : { uid: node.uid, group: groupKey(node.group) }),
    ...(node?.unschedulable ? { cordonedBefore: true } : {}),
  }
}

/** The node itself, and not another that was given its name after it went. */
export const nodeOf = (
  { name, uid }: Pick<RotatedNode, "name" | "uid">,
  nodes: RotationView["nodes"],
): ViewNode | undefined => {
  const found = nodes.get(name)
  return uid === undefined || found?.uid === uid ? found : undefined
}

/**
 * Once the canary has passed, nodes that wait take no new pods, or pods of the first would move to the next and move
 * again. Only where somebody starts new nodes: elsewhere the evicted pods have nowhere else to go.
 */
function cordonAhead(entries: readonly RotatedNode[], { spec, view, actions }: Step): void {
  // Without surge they are where the pods go.
  if (entries[0]?.state !== "Done" || spec.maxSurge === 0) return
  for (const entry of entries) {
    const node = nodeOf(entry, view.nodes)
    if (entry.state === "Waiting" && node?.group.kind !== "none" && node?.unschedulable === false)
      actions.push({ do: "cordon", node: node.name })
  }
}

/** Whether a scaling group starts the successor when the node has gone, and not before. */
const isWithoutSurge = (spec: NodeRotationSpec, group: string | undefined) =>
  spec.maxSurge === 0 && group?.startsWith("asg/") === true

/** Whether the successor comes by itself once the node goes. */
const startsLate = (spec: NodeRotationSpec, group: string | undefined) =>
  isWithoutSurge(spec, group) || group?.startsWith("karpenter/") === true

/** Karpenter has made a NodeClaim for the pods by then, if they do not fit elsewhere. */
const karpenterMs = 30_000

function awaitsSuccessor(entry: RotatedNode, { spec, view, now }: Step): boolean {
  if (entry.group?.startsWith("karpenter/") !== true) return isWithoutSurge(spec, entry.group)
  return view.coming?.has(entry.group) === true || now - Date.parse(entry.since) < karpenterMs
}

/** The scaling groups that a rotation has changed. */
const restores = (entries: readonly RotatedNode[]): RotationAction[] =>
  [...new Set(entries.flatMap((e) => (e.group?.startsWith("asg/") ? [e.group.slice(4)] : [])))].map(
    (group) => ({ do: "restore", group }),
  )

const inWork = (e: RotatedNode) => e.state !== "Waiting" && e.state !== "Done"

const budget = (spec: NodeRotationSpec, entries: readonly RotatedNode[]) =>
  entries[0]?.state === "Done" ? Math.max(1, spec.maxSurge ?? 1) : 1

/** The first node goes alone: only when its replacement serves pods does the second start. */
const canaryPassed = (entries: readonly RotatedNode[], entry: RotatedNode) =>
  entry === entries[0] || entries[0]?.state === "Done"

function advance(entry: RotatedNode, step: Step, allowed: boolean): RotatedNode {
  const node = nodeOf(entry, step.view.nodes)
  switch (entry.state) {
    case "Waiting":
      if (node === undefined) return move(entry, "Done", step, { message: "was gone already" })
      return allowed ? start(entry, node, step) : entry
    case "Surging":
      if (node === undefined) return move(entry, "Done", step, { message: "went away by itself" })
      return surging(entry, node, step)
    case "Draining":
      return node === undefined ? gone(entry, step) : draining(entry, node, step)
    case "Terminating":
      return terminating(entry, node, step)
    case "Done":
      return entry
  }
}

function start(entry: RotatedNode, node: ViewNode, step: Step): RotatedNode {
  if (node.group.kind === "scaling-group") {
    if (!isWithoutSurge(step.spec, entry.group)) return move(entry, "Surging", step)
    // Its size stays; what would end nodes behind the rotation's back is stopped.
    step.actions.push({ do: "scale", group: node.group.name, atLeast: 0 })
  }
  // Karpenter starts the replacement when the node goes; nobody does for a plain node.
  step.actions.push({ do: "cordon", node: node.name })
  return move(entry, "Draining", step)
}

/** Members of the entry's group, and the one among them that can be its successor. */
function successorOf(entry: RotatedNode, group: string | undefined, step: Step) {
  const members = [...step.view.nodes.values()].filter((n) => groupKey(n.group) === group)
  // Kubernetes states times to the second: a node of the same second counts as later.
  const sinceSecond = Math.floor(Date.parse(entry.since) / 1000) * 1000
  const isNew = (n: ViewNode) =>
    n.createdAt >= sinceSecond && !step.claimed.has(n.name) && !step.old.has(n.uid)
  const may = members.filter(
    (n) => (n.name === entry.replacement || isNew(n)) && n.ready && !n.unschedulable,
  )
  const zone = nodeOf(entry, step.view.nodes)?.zone
  return { members, isNew, fresh: may.find((n) => n.zone === zone) ?? may[0] }
}

function surging(entry: RotatedNode, node: ViewNode, step: Step): RotatedNode {
  const { members, isNew, fresh } = successorOf(entry, groupKey(node.group), step)
  if (fresh === undefined) {
    if (node.group.kind === "scaling-group") {
      // Stated as a size, not as "one more", so that doing it again after a crash asks for nothing twice.
      const waiting = (step.surging.get(node.group.name) ?? 0) + 1
      step.surging.set(node.group.name, waiting)
      const atLeast = members.filter((n) => !isNew(n)).length + waiting
      step.actions.push({ do: "scale", group: node.group.name, atLeast })
    }
    return { ...entry, message: whyNoReplacement(entry, step) }
  }
  step.claimed.add(fresh.name)
  // Known before anything is drained for it.
  const others = members.filter((n) => n.zone === node.zone && n.uid !== node.uid)
  if (node.zone !== fresh.zone && others.length === 0)
    return { ...entry, replacement: fresh.name, message: zoneLost(node, fresh) }
  if (fresh.wrong !== undefined)
    return { ...entry, replacement: fresh.name, message: notAsWanted(fresh) }
  step.actions.push({ do: "cordon", node: node.name })
  return move(entry, "Draining", step, { replacement: fresh.name })
}

/** Pods that are spread over zones, or have a volume there, would have nowhere to go. */
const zoneLost = (node: ViewNode, fresh: ViewNode) =>
  `${blockedPrefix}its replacement ${fresh.name} has started in ${fresh.zone}, and ${node.zone} would have no node of the group: berth rotate --undo, then again with --max-surge 0`

const notAsWanted = ({ name, wrong }: ViewNode) =>
  `${blockedPrefix}its replacement ${name} is not as the cluster is configured: ${wrong}`

/** Nodes usually join within three minutes. */
const surgeSeconds = 900

function whyNoReplacement(entry: RotatedNode, { view, now, spec }: Step): string {
  const why = view.trouble?.get(entry.group?.replace(/^asg\//, "") ?? "")
  const waiting = `waiting for a ready replacement${why === undefined ? "" : `: ${why}`}`
  // Without surge the time counts from the beginning of the drain.
  const drain = entry.state === "Terminating" ? drainSeconds(spec) : 0
  const late = now - Date.parse(entry.since) > (surgeSeconds + drain) * 1000
  return late
    ? `${blockedPrefix}no replacement came within ${surgeSeconds / 60} min${why === undefined ? "" : `: ${why}`}`
    : waiting
}

function draining(entry: RotatedNode, node: ViewNode, step: Step): RotatedNode {
  if (!node.unschedulable) step.actions.push({ do: "cordon", node: node.name })
  const end = endOf(node, step)
  if (node.group.kind === "karpenter") {
    // Karpenter drains by itself, within its own budgets, once the NodeClaim is deleted.
    step.actions.push(end)
    return move(entry, "Terminating", step)
  }
  const left = step.view.evictable.get(node.name) ?? []
  if (left.length === 0) {
    step.actions.push(end)
    return gone(entry, step)
  }
  for (const pod of left)
    if (!pod.terminating && (!pod.bare || step.spec.force))
      step.actions.push({ do: "evict", namespace: pod.namespace, name: pod.name })
  const waitedMs = step.now - Date.parse(entry.since)
  const late = waitedMs > drainSeconds(step.spec) * 1000
  const hopeless = !step.spec.force && left.every((pod) => pod.bare && !pod.terminating)
  return {
    ...entry,
    message:
      late || hopeless
        ? `${blockedPrefix}${whatBlocks(left)}`
        : left.length === 1
          ? "1 pod left"
          : `${left.length} pods left`,
  }
}

const drainSeconds = (spec: NodeRotationSpec) => spec.drainTimeoutSeconds ?? defaultDrainSeconds

const endOf = ({ name, uid, group }: ViewNode, { spec }: Step): RotationAction => ({
  ...{ do: "terminate", node: name, uid, group },
  ...(isWithoutSurge(spec, groupKey(group)) && { keepSize: true }),
})

/** Without surge a successor may join as soon as the drain begins: the time of that is kept. */
function gone(entry: RotatedNode, step: Step): RotatedNode {
  const moved = move(entry, "Terminating", step)
  return isWithoutSurge(step.spec, entry.group) ? { ...moved, since: entry.since } : moved
}

function whatBlocks(left: readonly ViewPod[]): string {
  const bare = left.find((p) => p.bare && p.refusal === undefined && !p.terminating)
  if (bare !== undefined)
    return `${bare.namespace}/${bare.name} has no controller and would be gone for good: delete it, or set spec.force`
  const refused = left.find((p) => p.refusal !== undefined)
  if (refused !== undefined)
    return `${refused.namespace}/${refused.name} may not be evicted: ${refused.refusal}`
  const first = left[0]
  return `${left.length === 1 ? "1 pod does" : `${left.length} pods do`} not end (${first?.namespace}/${first?.name})`
}

function terminating(entry: RotatedNode, node: ViewNode | undefined, step: Step): RotatedNode {
  if (node !== undefined) {
    step.actions.push(endOf(node, step))
    return { ...entry, message: "its instance shuts down" }
  }
  if (entry.replacement === undefined) {
    const { fresh } = successorOf(entry, entry.group, step)
    if (fresh === undefined && awaitsSuccessor(entry, step))
      return { ...entry, message: whyNoReplacement(entry, step) }
    if (fresh !== undefined && startsLate(step.spec, entry.group)) {
      step.claimed.add(fresh.name)
      // Its pods are looked at in the next step.
      return { ...entry, replacement: fresh.name, message: `${fresh.name} takes its place` }
    }
  }
  const replacement =
    entry.replacement === undefined ? undefined : step.view.nodes.get(entry.replacement)
  // The step is finished when the replacement serves: pods on it that get no address stop the rotation here.
  if (replacement !== undefined && !replacement.ready)
    return { ...entry, message: `${replacement.name} is not ready` }
  if (replacement !== undefined && replacement.stuckPods > 0) {
    return {
      ...entry,
      message: `${replacement.stuckPods} pods on ${replacement.name} have no address yet`,
    }
  }
  if (replacement?.wrong !== undefined) return { ...entry, message: notAsWanted(replacement) }
  return move(entry, "Done", step)
}

function move(
  entry: RotatedNode,
  state: RotatedNodeState,
  step: Step,
  more: { replacement?: string; message?: string } = {},
): RotatedNode {
  const { message: _, ...kept } = entry
  return { ...kept, state, since: new Date(step.now).toISOString(), ...more }
}

/** Takes back what can be: cordons, and surge nodes whose place was not needed after all. */
function undo(entries: readonly RotatedNode[], view: RotationView, now: number): RotationDecision {
  const actions: RotationAction[] = []
  const kept: string[] = []
  const nodes = entries.map((entry): RotatedNode => {
    const node = nodeOf(entry, view.nodes)
    if (node === undefined || entry.state === "Terminating" || entry.state === "Done") return entry
    if (node.unschedulable && !entry.cordonedBefore)
      actions.push({ do: "uncordon", node: node.name })
    const spare = entry.replacement === undefined ? undefined : view.nodes.get(entry.replacement)
    if (spare !== undefined && (view.evictable.get(spare.name) ?? []).length === 0) {
      const { name, uid, group } = spare
      actions.push({ do: "terminate", node: name, uid, group })
    } else if (spare !== undefined) {
      kept.push(spare.name)
    }
    const { replacement: _, message: __, ...rest } = entry
    return { ...rest, state: "Waiting", since: new Date(now).toISOString() }
  })
  actions.push(...restores(nodes))
  const replaced = entries.filter((e) => e.state === "Terminating" || e.state === "Done").length
  // Its size stays: lowering it would end a node of the group's choice, should the new one have come meanwhile.
  const asked = entries.flatMap((e) =>
    e.state === "Surging" && e.replacement === undefined
      ? (e.group?.slice("asg/".length) ?? [])
      : [],
  )
  const spares = actions.filter((a) => a.do === "terminate").length
  const said = [
    "cordons were taken back",
    ...(spares === 0
      ? []
      : [`${spares === 1 ? "1 spare node is" : `${spares} spare nodes are`} given back`]),
    ...(replaced === 0 ? [] : [`${replaced} replaced already stay replaced`]),
    ...(asked.length === 0
      ? []
      : [
          `${[...new Set(asked)].join(", ")} may have been asked for one node more: lower its size by hand if so`,
        ]),
    ...(kept.length === 0 ? [] : [`${kept.join(", ")} stays, since pods run there already`]),
  ]
  return conclude("Undone", said.join("; "), nodes, actions)
}

function conclude(
  phase: RotationPhase,
  message: string,
  nodes: readonly RotatedNode[],
  actions: readonly RotationAction[],
): RotationDecision {
  const done = nodes.filter((n) => n.state === "Done").length
  return { status: { phase, message, done, total: nodes.length, nodes: [...nodes] }, actions }
}
