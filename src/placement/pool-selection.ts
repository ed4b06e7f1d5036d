import type { LabelSelector } from "../api/meta.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import { fail } from "../errors/catalogue.ts"
import type { NodeKeys, PoolChoice } from "./binding.ts"
import type { Read } from "./read.ts"
import { selects } from "./selector.ts"
import type { TraceStep } from "./trace.ts"

type Labels = Readonly<Record<string, string>>

/** What of a pod decides its pool. */
export interface PodFacts {
  readonly name: string
  readonly namespace: string
  readonly labels: Labels
  readonly serviceAccount: string
  /** Labels of the namespace; read only when a pool selects by them. */
  readonly namespaceLabels: Read<Labels>
}

/** The pool that serves all pods of a node that have none of their own; for `bindNode`. */
export const nodePoolChooser =
  (node: NodeKeys, pools: Read<readonly SubnetPool[]>) => (): PoolChoice =>
    choose(`node ${node.name}`, pools, (pool) => {
      const { nodeSelector } = pool.spec
      return nodeSelector !== undefined && selects(nodeSelector, node.labels)
    })

/** The pool that a pod chooses by its labels, its namespace's labels or its service account. */
export function choosePoolForPod(pod: PodFacts, pools: Read<readonly SubnetPool[]>): PoolChoice {
  const object = `pod ${pod.namespace}/${pod.name}`
  let unreadable: string | undefined
  const choice = choose(object, pools, (pool) => {
    const { podSelector, namespaceSelector, serviceAccount } = pool.spec
    if (!servesPods(pool)) return false
    if (podSelector !== undefined && !selects(podSelector, pod.labels)) return false
    if (serviceAccount !== undefined && !isServiceAccount(serviceAccount, pod)) return false
    if (namespaceSelector === undefined) return true
    if (pod.namespaceLabels.state === "failed") unreadable = pod.namespaceLabels.why
    return namespaceSelects(namespaceSelector, pod.namespaceLabels)
  })
  if (unreadable === undefined) return choice
  const what = `namespace ${pod.namespace}`
  const refusal = fail("placement/unreadable", { what, why: unreadable })
  return { ok: false, refusal, trace: choice.trace }
}

const servesPods = ({ spec }: SubnetPool) =>
  spec.nodeSelector === undefined &&
  (spec.podSelector !== undefined ||
    spec.namespaceSelector !== undefined ||
    spec.serviceAccount !== undefined)

/** `NAME` in any namespace, or `NAMESPACE/NAME`. */
const isServiceAccount = (wanted: string, pod: PodFacts) =>
  wanted === pod.serviceAccount || wanted === `${pod.namespace}/${pod.serviceAccount}`

const namespaceSelects = (selector: LabelSelector, labels: Read<Labels>) =>
  labels.state === "found" && selects(selector, labels.value)

/** The matching pool of the highest priority; two of them are an ambiguity, which is refused, not guessed away. */
function choose(
  object: string,
  pools: Read<readonly SubnetPool[]>,
  matches: (pool: SubnetPool) => boolean,
): PoolChoice {
  if (pools.state === "failed") {
    const refusal = fail("placement/unreadable", {
      what: "the list of SubnetPools",
      why: pools.why,
    })
    return { ok: false, refusal, trace: [] }
  }
  const matching = pools.state === "found" ? pools.value.filter(matches) : []
  const highest = Math.max(...matching.map(priorityOf))
  const best = matching.filter((pool) => priorityOf(pool) === highest)
  const trace: TraceStep[] = matching
    .filter((pool) => priorityOf(pool) < highest)
    .map((pool) =>
      step(pool, "passed over", `selects ${object}, but another has a higher priority`),
    )
  const [winner] = best
  if (winner === undefined) {
    trace.push({ subject: "SubnetPools", verdict: "passed over", why: `none selects ${object}` })
    return { ok: true, trace }
  }
  if (best.length > 1) {
    const names = best.map((pool) => pool.metadata.name).sort()
    for (const pool of best) trace.push(step(pool, "refused", "as good as another"))
    return { ok: false, refusal: fail("placement/pool-ambiguous", { object, pools: names }), trace }
  }
  trace.push(step(winner, "chosen", `selects ${object}`))
  return { ok: true, name: winner.metadata.name, trace }
}

const priorityOf = (pool: SubnetPool) => pool.spec.priority ?? 0

const step = (pool: SubnetPool, verdict: TraceStep["verdict"], why: string): TraceStep => ({
  subject: `SubnetPool/${pool.metadata.name}`,
  verdict,
  why,
})
