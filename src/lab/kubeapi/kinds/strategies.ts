import { complaint } from "../api-error.ts"
import { whyNot } from "../cel/programs.ts"
import { definitionStrategy } from "../crd/definition.ts"
import { asObject, isObject, type JsonObject, objectsAt, setField, stringAt } from "../json.ts"
import type { ResourceType } from "../types/resource-type.ts"
import { namespaceStrategy } from "./namespaces.ts"
import { member, podSpecDefaults, preset } from "./pod-template.ts"
import { podStrategy } from "./pods.ts"
import { serviceStrategy } from "./services.ts"
import type { Strategy } from "./strategy.ts"
import {
  daemonSetStrategy,
  deploymentStrategy,
  replicaSetStrategy,
  statefulSetStrategy,
} from "./workloads.ts"

const nothing: Strategy = {}

const secretStrategy: Strategy = {
  defaults: (draft) => {
    preset(draft, "type", "Opaque")
    if (!isObject(draft.stringData)) return
    const data = member(draft, "data")
    for (const [key, text] of Object.entries(draft.stringData)) {
      setField(data, key, Buffer.from(String(text)).toString("base64"))
    }
    delete draft.stringData
  },
}

const webhookStrategy: Strategy = {
  defaults: (draft) => {
    for (const hook of objectsAt(draft, "webhooks")) {
      preset(hook, "failurePolicy", "Fail")
      preset(hook, "matchPolicy", "Equivalent")
      preset(hook, "namespaceSelector", {})
      preset(hook, "objectSelector", {})
      preset(hook, "timeoutSeconds", 10)
      for (const rule of objectsAt(hook, "rules")) preset(rule, "scope", "*")
      const service = asObject(asObject(hook.clientConfig).service)
      if (service.name !== undefined) preset(service, "port", 443)
    }
  },
}

const policyStrategy: Strategy = {
  defaults: (draft) => {
    const spec = member(draft, "spec")
    preset(spec, "failurePolicy", "Fail")
    if (isObject(spec.matchConstraints)) matchDefaults(spec.matchConstraints)
  },
  validate: (policy) =>
    ["validations", "matchConditions", "variables"].flatMap((list) =>
      objectsAt(policy, "spec", list).flatMap((term, i) => {
        const expression = stringAt(term, "expression")
        const why = whyNot(expression)
        const path = `spec.${list}[${i}].expression`
        return why === undefined
          ? []
          : [complaint.invalid(path, expression, `compilation failed: ${why}`)]
      }),
    ),
}

const policyBindingStrategy: Strategy = {
  defaults: (draft) => {
    const { matchResources } = asObject(draft.spec)
    if (isObject(matchResources)) matchDefaults(matchResources)
  },
}

function matchDefaults(matching: JsonObject): void {
  preset(matching, "matchPolicy", "Equivalent")
  preset(matching, "namespaceSelector", {})
  preset(matching, "objectSelector", {})
  for (const list of ["resourceRules", "excludeResourceRules"]) {
    for (const rule of objectsAt(matching, list)) preset(rule, "scope", "*")
  }
}

const endpointSliceStrategy: Strategy = {
  defaults: (draft) => {
    for (const port of objectsAt(draft, "ports")) {
      preset(port, "name", "")
      preset(port, "protocol", "TCP")
    }
  },
}

const driverStrategy: Strategy = {
  defaults: (draft) => {
    const spec = member(draft, "spec")
    preset(spec, "attachRequired", true)
    preset(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType")
    preset(spec, "podInfoOnMount", false)
    preset(spec, "requiresRepublish", false)
    preset(spec, "seLinuxMount", false)
    preset(spec, "storageCapacity", false)
    preset(spec, "volumeLifecycleModes", ["Persistent"])
  },
}

const cronJobStrategy: Strategy = {
  defaults: (draft) => {
    const spec = member(draft, "spec")
    preset(spec, "concurrencyPolicy", "Allow")
    preset(spec, "suspend", false)
    preset(spec, "successfulJobsHistoryLimit", 3)
    preset(spec, "failedJobsHistoryLimit", 1)
    podSpecDefaults(member(member(member(member(spec, "jobTemplate"), "spec"), "template"), "spec"))
  },
}

const jobStrategy: Strategy = {
  defaults: (draft) => {
    const spec = member(draft, "spec")
    podSpecDefaults(member(member(spec, "template"), "spec"))
    preset(spec, "parallelism", 1)
    preset(spec, "completions", 1)
    preset(spec, "backoffLimit", 6)
    preset(spec, "completionMode", "NonIndexed")
    preset(spec, "suspend", false)
    preset(spec, "podReplacementPolicy", "TerminatingOrFailed")
    preset(spec, "manualSelector", false)
  },
  onCreate: (draft) => {
    const spec = member(draft, "spec")
    const own: JsonObject = {
      "batch.kubernetes.io/controller-uid": draft.metadata.uid,
      "batch.kubernetes.io/job-name": draft.metadata.name,
      "controller-uid": draft.metadata.uid,
      "job-name": draft.metadata.name,
    }
    if (spec.manualSelector === true) return
    const template = member(member(spec, "template"), "metadata")
    template.labels = { ...asObject(template.labels), ...own }
    draft.metadata.labels ??= { ...(asObject(template.labels) as Record<string, string>) }
    const uid = "batch.kubernetes.io/controller-uid"
    spec.selector = { matchLabels: { [uid]: draft.metadata.uid } }
  },
}

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }

const nodeStrategy: Strategy = {
  // The TaintNodesByCondition admission plugin: nothing is scheduled to a node before it is known to be ready.
  onCreate: (draft) => {
    const spec = member(draft, "spec")
    const taints = objectsAt(spec, "taints")
    const has = taints.some((t) => t.key === notReady.key && t.effect === notReady.effect)
    if (!has) spec.taints = [...taints, { ...notReady }]
  },
  validate: (node, old) => {
    const before = stringAt(old, "spec", "providerID")
    return before === "" || stringAt(node, "spec", "providerID") === before
      ? []
      : [
          complaint.forbidden(
            "spec.providerID",
            'node updates may not change providerID except from "" to valid',
          ),
        ]
  },
}

/** What single kinds do, by collection. A kind that is not here is stored as it comes. */
const table: Readonly<Record<string, Strategy>> = {
  "/namespaces": namespaceStrategy,
  "/nodes": nodeStrategy,
  "/endpoints": {
    defaults: (draft) => {
      for (const subset of objectsAt(draft, "subsets")) {
        for (const port of objectsAt(subset, "ports")) preset(port, "protocol", "TCP")
      }
    },
  },
  "/pods": podStrategy,
  "/secrets": secretStrategy,
  "/services": serviceStrategy,
  "/persistentvolumeclaims": {
    defaults: (draft) => preset(member(draft, "spec"), "volumeMode", "Filesystem"),
    onCreate: (draft) => {
      draft.status = { phase: "Pending" }
    },
  },
  "/persistentvolumes": {
    defaults: (draft) => {
      const spec = member(draft, "spec")
      preset(spec, "persistentVolumeReclaimPolicy", "Retain")
      preset(spec, "volumeMode", "Filesystem")
    },
    onCreate: (draft) => {
      draft.status = { phase: "Pending" }
    },
  },
  "/podtemplates": {
    defaults: (draft) => podSpecDefaults(member(member(draft, "template"), "spec")),
  },
  "discovery.k8s.io/endpointslices": endpointSliceStrategy,
  "storage.k8s.io/csidrivers": driverStrategy,
  "batch/cronjobs": cronJobStrategy,
  "apps/daemonsets": daemonSetStrategy,
  "apps/deployments": deploymentStrategy,
  "apps/replicasets": replicaSetStrategy,
  "apps/statefulsets": statefulSetStrategy,
  "batch/jobs": jobStrategy,
  "storage.k8s.io/storageclasses": {
    defaults: (draft) => {
      preset(draft, "reclaimPolicy", "Delete")
      preset(draft, "volumeBindingMode", "Immediate")
    },
  },
  "scheduling.k8s.io/priorityclasses": {
    defaults: (draft) => preset(draft, "preemptionPolicy", "PreemptLowerPriority"),
  },
  "admissionregistration.k8s.io/validatingadmissionpolicies": policyStrategy,
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": policyBindingStrategy,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhookStrategy,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhookStrategy,
  "apiextensions.k8s.io/customresourcedefinitions": definitionStrategy,
}

export const strategyOf = (type: ResourceType): Strategy => table[type.collection] ?? nothing
