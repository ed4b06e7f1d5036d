import type { PlacementKey, PlacementStatus } from "../../api/nodenetwork.ts"
import type { Resolution } from "../../placement/resolve.ts"
import type { Subnet } from "../../vpc/model.ts"
import type { Examination } from "../doctor/examination.ts"
import type { Fix } from "../doctor/finding.ts"
import type { NodeFacts, PodFacts, WarningFacts } from "../snapshot.ts"

/** Pods of one node and one placement that get no address, with what is known about them. */
export interface OutageCase {
  readonly examination: Examination
  readonly node: NodeFacts
  readonly placement: PlacementKey
  readonly resolution: Resolution | undefined
  /** What Berth's controller says of the placement; absent with the stock plugin. */
  readonly status: PlacementStatus | undefined
  readonly stuck: readonly PodFacts[]
  /** What is said about them now, in the words of plugin, controller, runtime and EC2. */
  readonly texts: readonly string[]
}

/** Why, what proves it, what to do. */
export interface Verdict {
  readonly says: string
  readonly evidence: readonly string[]
  readonly fix: Fix
}

/** Undefined: this is not the cause. */
export type CauseTest = (of: OutageCase) => Verdict | undefined

/** Texts that match, each once. */
export const said = ({ texts }: OutageCase, words: RegExp): string[] =>
  [...new Set(texts.filter((text) => words.test(text)))].slice(0, 3)

/** The subnets that the placement takes addresses from; none while it is refused. */
export const subnetsOf = ({ resolution }: OutageCase): readonly Subnet[] =>
  resolution?.ok ? resolution.placement.subnets.map((option) => option.subnet) : []

/** Such as ENIConfig/us-west-2a, or "the node" without custom networking. */
export function objectOf({ resolution }: OutageCase): string {
  const object = resolution?.ok ? resolution.placement.object : ""
  return object === "" || object === "primary" ? "the node" : object
}

/** Older events of the plugin are about a trouble that may be over: it repeats what lasts. */
const freshMs = 10 * 60_000

/**
 * What is said now. Berth's controller keeps its word current, so events count only where it says nothing; of those
 * the newest of each pod and reason, for a pod may have waited for something else before.
 */
export function textsOf(
  { index }: Examination,
  node: NodeFacts,
  status: PlacementStatus | undefined,
  warnings: readonly WarningFacts[],
): string[] {
  const { snapshot } = index
  const logs = (snapshot.logs ?? []).filter((l) => l.node === undefined || l.node === node.name)
  const lines = logs.flatMap((log) => [...log.lines])
  if (status !== undefined && !status.ready)
    return [`${status.object}: ${status.message ?? ""} (${status.code ?? ""})`, ...lines]
  const newest = Map.groupBy(warnings, (w) => `${w.namespace}/${w.name} ${w.reason}`)
  const since = Date.parse(snapshot.takenAt) - freshMs
  const rights = snapshot.cluster.warnings.filter(
    (w) => w.reason === "MissingIAMPermissions" && !(Date.parse(w.at) < since),
  )
  return [
    ...lines,
    ...[...newest.values()].flatMap((list) => list[0]?.message ?? []),
    ...(status === undefined ? rights.map((w) => `${w.reason}: ${w.message}`) : []),
  ]
}
