import { type Cause, complaint } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { asObject, at, equal, isObject, type JsonObject, objectAt, stringAt } from "../json.ts"
import { labelCauses } from "../write/metadata.ts"
import { member, podSpecDefaults, preset } from "./pod-template.ts"
import { podSpecCauses } from "./pod-validation.ts"
import type { Strategy } from "./strategy.ts"

/** A kind of apps/v1 that makes pods of a template: its own defaults on top of those all share. */
function workload(
  kind: string,
  defaults: (spec: JsonObject) => void,
  immutable: readonly string[],
): Strategy {
  return {
    defaults: (draft) => {
      const spec = member(draft, "spec")
      podSpecDefaults(member(member(spec, "template"), "spec"))
      defaults(spec)
    },
    validate: (object, old) => [
      ...workloadCauses(kind, asObject(object.spec)),
      ...(old ? immutableCauses(object, old, immutable) : []),
    ],
  }
}

export const deploymentStrategy: Strategy = workload(
  "deployment",
  (spec) => {
    preset(spec, "replicas", 1)
    preset(spec, "revisionHistoryLimit", 10)
    preset(spec, "progressDeadlineSeconds", 600)
    const strategy = member(spec, "strategy")
    preset(strategy, "type", "RollingUpdate")
    if (strategy.type === "RollingUpdate") {
      const rolling = member(strategy, "rollingUpdate")
      preset(rolling, "maxUnavailable", "25%")
      preset(rolling, "maxSurge", "25%")
    }
  },
  ["selector"],
)

export const replicaSetStrategy: Strategy = workload(
  "replicaset",
  (spec) => preset(spec, "replicas", 1),
  ["selector"],
)

const templateGeneration = "deprecated.daemonset.template.generation"

const daemonSet: Strategy = workload(
  "daemonset",
  (spec) => {
    preset(spec, "revisionHistoryLimit", 10)
    const strategy = member(spec, "updateStrategy")
    preset(strategy, "type", "RollingUpdate")
    if (strategy.type === "RollingUpdate") {
      const rolling = member(strategy, "rollingUpdate")
      preset(rolling, "maxUnavailable", 1)
      preset(rolling, "maxSurge", 0)
    }
  },
  ["selector"],
)

/** The API server still counts changes of a daemon set's template in an annotation. */
export const daemonSetStrategy: Strategy = {
  ...daemonSet,
  defaults: (draft) => {
    daemonSet.defaults?.(draft)
    draft.metadata.annotations = { [templateGeneration]: "1", ...draft.metadata.annotations }
  },
  onUpdate: (draft, old) => {
    const before = Number(old.metadata.annotations?.[templateGeneration] ?? 1)
    const changed = !equal(objectAt(draft, "spec").template, objectAt(old, "spec").template)
    draft.metadata.annotations = {
      ...draft.metadata.annotations,
      [templateGeneration]: String(before + Number(changed)),
    }
  },
}

export const statefulSetStrategy: Strategy = workload(
  "statefulset",
  (spec) => {
    preset(spec, "replicas", 1)
    preset(spec, "revisionHistoryLimit", 10)
    preset(spec, "podManagementPolicy", "OrderedReady")
    const strategy = member(spec, "updateStrategy")
    preset(strategy, "type", "RollingUpdate")
    if (strategy.type === "RollingUpdate") preset(member(strategy, "rollingUpdate"), "partition", 0)
    const retention = member(spec, "persistentVolumeClaimRetentionPolicy")
    preset(retention, "whenDeleted", "Retain")
    preset(retention, "whenScaled", "Retain")
  },
  ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"],
)

function workloadCauses(kind: string, spec: JsonObject): Cause[] {
  const labels = at(spec, "template", "metadata", "labels")
  const replicas = spec.replicas
  return [
    ...selectorCauses(kind, spec.selector, labels),
    ...labelCauses("spec.template.labels", asObject(labels) as Record<string, string>),
    ...podSpecCauses(objectAt(spec, "template", "spec"), "spec.template.spec"),
    ...restartCauses(spec),
    ...(typeof replicas === "number" && replicas < 0
      ? [complaint.invalid("spec.replicas", replicas, "must be greater than or equal to 0")]
      : []),
  ]
}

function selectorCauses(kind: string, selector: unknown, labels: unknown): Cause[] {
  const text = "`selector` does not match template `labels`"
  const mismatch = complaint.invalid("spec.template.metadata.labels", labels ?? null, text)
  if (!isObject(selector)) return [complaint.required("spec.selector"), mismatch]
  const wanted = asObject(selector.matchLabels)
  if (Object.keys(wanted).length === 0 && selector.matchExpressions === undefined) {
    return [complaint.invalid("spec.selector", selector, `empty selector is invalid for ${kind}`)]
  }
  const given = asObject(labels)
  const differs = Object.entries(wanted).some(([k, v]) => given[k] !== v)
  return differs ? [mismatch] : []
}

function restartCauses(spec: JsonObject): Cause[] {
  const policy = stringAt(spec, "template", "spec", "restartPolicy")
  return policy === "Always"
    ? []
    : [complaint.notSupported("spec.template.spec.restartPolicy", policy, ["Always"])]
}

function immutableCauses(object: ApiObject, old: ApiObject, fields: readonly string[]): Cause[] {
  const [now, before] = [asObject(object.spec), asObject(old.spec)]
  return fields
    .filter((f) => !equal(now[f], before[f]))
    .map((f) => complaint.invalid(`spec.${f}`, now[f], "field is immutable"))
}
