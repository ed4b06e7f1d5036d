import { type Cause, complaint, forbidden } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { asObject, clone, equal, isObject, type JsonObject, objectsAt, stringAt } from "../json.ts"
import { quantityValue } from "../types/quantity.ts"
import type { Core } from "../write/core.ts"
import { podSpecDefaults, preset } from "./pod-template.ts"
import { podSpecCauses } from "./pod-validation.ts"
import type { Strategy } from "./strategy.ts"

export const podStrategy: Strategy = {
  defaults: (draft) => {
    const spec = asObject(draft.spec)
    podSpecDefaults(spec)
    preset(spec, "enableServiceLinks", true)
    draft.spec = spec
  },
  onCreate: (draft, core) => {
    const spec = asObject(draft.spec)
    draft.status = { phase: "Pending", qosClass: qosClass(spec) }
    admitServiceAccount(core, draft, spec)
    admitPriority(core, draft, spec)
    admitTolerations(spec)
  },
  onUpdate: (draft, old) => {
    draft.status = { qosClass: asObject(old.status).qosClass, ...asObject(draft.status) }
  },
  validate: (pod, old, subresource) => {
    if (old === undefined) return podSpecCauses(asObject(pod.spec), "spec")
    return subresource === "" ? specUpdateCauses(pod, old) : []
  },
}

/** Guaranteed when every container limits cpu and memory to what it requests, BestEffort when none asks anything. */
export function qosClass(spec: JsonObject): string {
  const containers = [...objectsAt(spec, "containers"), ...objectsAt(spec, "initContainers")]
  const of = (c: JsonObject, which: string, name: string) =>
    quantityValue(stringAt(c, "resources", which, name)) || 0
  const names = ["cpu", "memory"]
  const asks = containers.some((c) =>
    names.some((n) => of(c, "requests", n) > 0 || of(c, "limits", n) > 0),
  )
  if (!asks) return "BestEffort"
  const bound = containers.every((c) =>
    names.every((n) => of(c, "limits", n) > 0 && of(c, "requests", n) === of(c, "limits", n)),
  )
  return bound ? "Guaranteed" : "Burstable"
}

/** The ServiceAccount admission plugin: the account, and its token as a volume at the usual place. */
function admitServiceAccount(core: Core, pod: ApiObject, spec: JsonObject): void {
  if (pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return
  preset(spec, "serviceAccountName", "default")
  spec.serviceAccount = spec.serviceAccountName
  const name = stringAt(spec, "serviceAccountName")
  const account = core.store.collection("/serviceaccounts").get(`${pod.metadata.namespace}/${name}`)
  if (account === undefined) {
    const subject = { group: "", plural: "pods", kind: "Pod" }
    const why = `error looking up service account ${pod.metadata.namespace}/${name}: serviceaccount "${name}" not found`
    throw forbidden(subject, pod.metadata.name, why)
  }
  const automount =
    spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
  if (automount === true) mountToken(core, spec)
}

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

function mountToken(core: Core, spec: JsonObject): void {
  const containers = [...objectsAt(spec, "initContainers"), ...objectsAt(spec, "containers")]
  const without = containers.filter(
    (c) => !objectsAt(c, "volumeMounts").some((m) => m.mountPath === tokenPath),
  )
  if (without.length === 0) return
  const name = `kube-api-access-${suffix(core)}`
  for (const c of without) {
    c.volumeMounts = [
      ...objectsAt(c, "volumeMounts"),
      { name, readOnly: true, mountPath: tokenPath },
    ]
  }
  const rootCA = { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] }
  const namespace = {
    items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
  }
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: rootCA },
    { downwardAPI: namespace },
  ]
  spec.volumes = [
    ...objectsAt(spec, "volumes"),
    { name, projected: { sources, defaultMode: 0o644 } },
  ]
}

function suffix(core: Core): string {
  return Math.floor(core.random() * 36 ** 5)
    .toString(36)
    .padStart(5, "0")
}

const builtinPriorities: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
}

/** The Priority admission plugin: the class's value, or that of the class which is the default. */
function admitPriority(core: Core, pod: ApiObject, spec: JsonObject): void {
  const classes = core.store.collection("scheduling.k8s.io/priorityclasses")
  let name = stringAt(spec, "priorityClassName")
  if (name === "") {
    for (const [key, object] of classes.list()) if (object.globalDefault === true) name = key
    if (name !== "") spec.priorityClassName = name
  }
  const found = classes.get(name)
  if (name !== "" && found === undefined && builtinPriorities[name] === undefined) {
    const subject = { group: "", plural: "pods", kind: "Pod" }
    throw forbidden(subject, pod.metadata.name, `no PriorityClass with name ${name} was found`)
  }
  spec.priority = found?.value ?? builtinPriorities[name] ?? 0
  preset(spec, "preemptionPolicy", found?.preemptionPolicy ?? "PreemptLowerPriority")
}

/** The DefaultTolerationSeconds admission plugin: five minutes on a node that fails. */
function admitTolerations(spec: JsonObject): void {
  const tolerations = [...objectsAt(spec, "tolerations")]
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
    const has = tolerations.some(
      (t) =>
        (t.key === key || t.key === undefined || t.key === "") &&
        (t.effect === "NoExecute" || t.effect === undefined || t.effect === ""),
    )
    if (!has)
      tolerations.push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 })
  }
  spec.tolerations = tolerations
}

const mutable =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

/** A running pod's spec is fixed but for images, tolerations and its deadline. */
function specUpdateCauses(pod: ApiObject, old: ApiObject): Cause[] {
  const before = comparable(old)
  const after = comparable(pod)
  return equal(before, after) ? [] : [complaint.forbidden("spec", mutable)]
}

function comparable(pod: ApiObject): JsonObject {
  const spec = clone(asObject(pod.spec))
  for (const field of ["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds"]) {
    delete spec[field]
  }
  delete spec.ephemeralContainers
  delete spec.schedulingGates
  for (const list of ["containers", "initContainers"]) {
    for (const c of objectsAt(spec, list)) {
      if (isObject(c)) delete c.image
    }
  }
  return spec
}
