import { selects } from "../../placement/selector.ts"
import type { Cluster } from "./cluster.ts"
import { budgetStatus } from "./disruption-plan.ts"
import { startLoop } from "./loop-queue.ts"
import { controllerOf } from "./owner.ts"
import { isFinished, type LabPod } from "./pod.ts"
import { canonicalJson } from "./template-hash.ts"
import type { DisruptionBudget } from "./workloads.ts"

const grantCheckMs = 30_000

/** Keeps the status of PodDisruptionBudgets, by which the API grants or refuses evictions. */
export function disruptionLoop(cluster: Cluster): void {
  const { budgets, pods } = cluster
  const queue = startLoop(cluster, {
    name: "disruption",
    over: budgets,
    step: (budget) => stepBudget(cluster, budget),
  })
  // Cost: every budget of the namespace for every change of a pod.
  pods.onChange((pod) => {
    for (const budget of budgets.list())
      if (covers(budget, pod)) queue.add(`${budget.metadata.namespace}/${budget.metadata.name}`)
  })
}

/** A budget without selector covers nothing; an empty selector everything (policy/v1). */
const covers = ({ metadata, spec }: DisruptionBudget, pod: LabPod): boolean =>
  metadata.namespace === pod.metadata.namespace &&
  spec.selector !== undefined &&
  selects(spec.selector, pod.metadata.labels)

async function stepBudget(cluster: Cluster, budget: DisruptionBudget): Promise<number | undefined> {
  const pods = cluster.pods.list().filter((p) => covers(budget, p) && !isFinished(p))
  const status = budgetStatus({
    budget,
    pods,
    scale: scaleOf(cluster, pods),
    now: cluster.clock.now(),
  })
  if (canonicalJson(status) !== canonicalJson(budget.status ?? {})) {
    const { resourceVersion } = budget.metadata
    // An eviction granted meanwhile changes the status too: then the version conflicts and the sum is done again.
    await cluster.budgets.patchStatus(budget, status, resourceVersion)
  }
  return status.disruptedPods ? grantCheckMs : undefined
}

/** Replicas wanted by the controllers of the pods; a pod without one counts for itself. */
function scaleOf(cluster: Cluster, pods: readonly LabPod[]): number {
  const wanted = new Map<string, number>()
  for (const pod of pods) {
    const owner = controllerOf(pod)
    const key = `${pod.metadata.namespace}/${owner?.name}`
    const replicaSet = owner?.kind === "ReplicaSet" ? cluster.replicaSets.get(key) : undefined
    const above = replicaSet && controllerOf(replicaSet)
    const deployment = above && cluster.deployments.get(`${pod.metadata.namespace}/${above.name}`)
    const statefulSet = owner?.kind === "StatefulSet" ? cluster.statefulSets.get(key) : undefined
    const controller = deployment ?? replicaSet ?? statefulSet
    const uid = controller?.metadata.uid ?? pod.metadata.uid ?? ""
    wanted.set(uid, controller ? (controller.spec.replicas ?? 1) : 1)
  }
  return [...wanted.values()].reduce((a, b) => a + b, 0)
}
