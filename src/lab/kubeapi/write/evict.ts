import { badRequest, tooManyRequests } from "../api-error.ts"
import { type ApiObject, timeText } from "../api-object.ts"
import { numberAt, objectAt, objectsAt, stringAt } from "../json.ts"
import { getObject } from "../read/list.ts"
import { matchesSelector } from "../selectors/selector-object.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { Core, WriteOptions } from "./core.ts"
import { deleteOptions, remove } from "./remove.ts"
import { modify, type ObjectTarget } from "./update.ts"

/** Deletes a pod if no PodDisruptionBudget forbids it; 429 with the API's words when one does. */
export async function evict(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  body: unknown,
  options: WriteOptions,
): Promise<void> {
  const name = stringAt(body, "metadata", "name")
  if (name !== "" && name !== target.name) {
    throw badRequest(
      `name in URL does not match name in Eviction object: ${target.name} != ${name}`,
    )
  }
  const pod = getObject(core.store, type, target.namespace, target.name)
  const given = deleteOptions(objectAt(body, "deleteOptions"))
  const dryRun = options.dryRun === true || given.dryRun === true
  if (needsBudget(pod)) await takeFromBudgets(core, pod, dryRun)
  if (!dryRun && pod.metadata.deletionTimestamp === undefined)
    await markDisrupted(core, type, target)
  await remove(core, type, target, { ...given, dryRun })
}

/** Says on the pod why it goes, as the API server does before it deletes. */
async function markDisrupted(core: Core, type: ResourceType, target: ObjectTarget): Promise<void> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: timeText(core.clock.now()),
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  }
  const mark = (pod: ApiObject): ApiObject => {
    const status = objectAt(pod, "status")
    const others = objectsAt(status, "conditions").filter((c) => c.type !== condition.type)
    return { ...pod, status: { ...status, conditions: [...others, condition] } }
  }
  const options = { managed: true }
  await modify(core, type, { ...target, subresource: "status" }, mark, options)
}

/** A pod that does not run, or goes already, disrupts nothing. */
const needsBudget = (pod: ApiObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  !["Pending", "Succeeded", "Failed"].includes(stringAt(pod, "status", "phase"))

async function takeFromBudgets(core: Core, pod: ApiObject, dryRun: boolean): Promise<void> {
  const type = core.types.find("policy", "v1", "poddisruptionbudgets")
  if (type === undefined) return
  const budgets = [...core.store.collection(type.collection).list(pod.metadata.namespace)]
    .map(([, budget]) => budget)
    .filter((b) => matchesSelector(objectAt(b, "spec").selector, pod.metadata.labels))
  const [budget] = budgets
  if (budget === undefined) return
  if (budgets.length > 1) {
    throw tooManyRequests(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    )
  }
  const target = {
    namespace: budget.metadata.namespace,
    name: budget.metadata.name,
    subresource: "status",
  }
  const now = new Date(core.clock.now()).toISOString()
  await modify(core, type, target, (current) => spend(current, pod, now), {
    dryRun,
    fieldManager: "kube-apiserver",
  })
}

/** One disruption less, or 429. */
function spend(budget: ApiObject, pod: ApiObject, now: string): ApiObject {
  const { name, generation = 0 } = budget.metadata
  const status = objectAt(budget, "status")
  if (numberAt(status, "observedGeneration") < generation) {
    throw refusal("Cannot evict pod as it would violate the pod's disruption budget.", {
      name,
      message: `The disruption budget ${name} is still being processed by the server.`,
    })
  }
  const allowed = numberAt(status, "disruptionsAllowed")
  if (allowed <= 0) {
    throw refusal("Cannot evict pod as it would violate the pod's disruption budget.", {
      name,
      message: `The disruption budget ${name} needs ${numberAt(status, "desiredHealthy")} healthy pods and has ${numberAt(status, "currentHealthy")} currently`,
    })
  }
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      disruptedPods: {
        ...objectAt(status, "disruptedPods"),
        [pod.metadata.name]: now,
      },
    },
  }
}

const refusal = (text: string, cause: { name: string; message: string }) =>
  tooManyRequests(text, { reason: "DisruptionBudget", message: cause.message })
