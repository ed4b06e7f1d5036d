import type { ApiObject } from "../api-object.ts"
import { arrayAt, numberAt, objectAt, objectsAt, stringAt } from "../json.ts"
import { selectorText } from "../selectors/selector-object.ts"
import {
  ageColumn,
  boolean,
  type Column,
  createdColumn,
  integer,
  labelsText,
  nameColumn,
  none,
  orNone,
  templateColumns,
  text,
  upToThree,
  wide,
} from "./column.ts"
import { age, duration } from "./duration.ts"

const spec = (field: string) => (o: ApiObject) => numberAt(o, "spec", field)
const status = (field: string) => (o: ApiObject) => numberAt(o, "status", field)
const selector = wide("Selector", (o) => selectorText(objectAt(o, "spec").selector))
const readyOf = (ready: string) =>
  text("Ready", (o) => `${numberAt(o, "status", ready)}/${numberAt(o, "spec", "replicas")}`)
const orNA = (value: unknown) => (value === undefined ? "N/A" : String(value))
const webhooks = [nameColumn, integer("Webhooks", (o) => arrayAt(o, "webhooks").length), ageColumn]

function jobStatus(job: ApiObject): string {
  const has = (type: string) =>
    objectsAt(job, "status", "conditions").some((c) => c.type === type && c.status === "True")
  if (has("Complete")) return "Complete"
  if (has("Failed")) return "Failed"
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating"
  if (has("Suspended")) return "Suspended"
  if (has("FailureTarget")) return "FailureTarget"
  return has("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running"
}

function jobDuration(job: ApiObject, now: number): string {
  const start = stringAt(job, "status", "startTime")
  if (start === "") return ""
  const end = stringAt(job, "status", "completionTime")
  return duration((end === "" ? now : Date.parse(end)) - Date.parse(start))
}

const bindingColumns: readonly Column[] = [
  nameColumn,
  text("Role", (o) => `${stringAt(o, "roleRef", "kind")}/${stringAt(o, "roleRef", "name")}`),
  ageColumn,
  wide("Users", (o) => subjects(o, "User")),
  wide("Groups", (o) => subjects(o, "Group")),
  wide("ServiceAccounts", (o) => subjects(o, "ServiceAccount")),
]

const subjects = (binding: ApiObject, kind: string): string =>
  objectsAt(binding, "subjects")
    .filter((s) => s.kind === kind)
    .map((s) =>
      kind === "ServiceAccount"
        ? `${stringAt(s, "namespace")}/${stringAt(s, "name")}`
        : stringAt(s, "name"),
    )
    .join(", ")

const controller = (object: ApiObject): string => {
  const owner = object.metadata.ownerReferences?.find((o) => o.controller === true)
  if (owner === undefined) return none
  const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : ""
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`
}

/** Columns of the kinds of all other groups, by "group/plural". */
export const groupColumns: Readonly<Record<string, readonly Column[]>> = {
  "apps/deployments": [
    nameColumn,
    readyOf("readyReplicas"),
    text("Up-to-date", status("updatedReplicas")),
    text("Available", status("availableReplicas")),
    ageColumn,
    ...templateColumns,
    selector,
  ],
  "apps/replicasets": [
    nameColumn,
    integer("Desired", spec("replicas")),
    integer("Current", status("replicas")),
    integer("Ready", status("readyReplicas")),
    ageColumn,
    ...templateColumns,
    selector,
  ],
  "apps/statefulsets": [nameColumn, readyOf("readyReplicas"), ageColumn, ...templateColumns],
  "apps/daemonsets": [
    nameColumn,
    integer("Desired", status("desiredNumberScheduled")),
    integer("Current", status("currentNumberScheduled")),
    integer("Ready", status("numberReady")),
    integer("Up-to-date", status("updatedNumberScheduled")),
    integer("Available", status("numberAvailable")),
    text("Node Selector", (o) => labelsText(objectAt(o, "spec", "template", "spec").nodeSelector)),
    ageColumn,
    ...templateColumns,
    selector,
  ],
  "apps/controllerrevisions": [
    nameColumn,
    text("Controller", controller),
    text("Revision", (o) => String(numberAt(o, "revision"))),
    ageColumn,
  ],
  "batch/jobs": [
    nameColumn,
    text("Status", jobStatus),
    text("Completions", (o) => {
      const wanted = objectAt(o, "spec").completions
      const done = numberAt(o, "status", "succeeded")
      if (wanted !== undefined) return `${done}/${String(wanted)}`
      const parallel = numberAt(o, "spec", "parallelism")
      return parallel > 1 ? `${done}/1 of ${parallel}` : `${done}/1`
    }),
    text("Duration", jobDuration),
    ageColumn,
    ...templateColumns,
    selector,
  ],
  "batch/cronjobs": [
    nameColumn,
    text("Schedule", (o) => stringAt(o, "spec", "schedule")),
    text("Timezone", (o) => orNone(stringAt(o, "spec", "timeZone"))),
    text("Suspend", (o) => (objectAt(o, "spec").suspend === true ? "True" : "False")),
    integer("Active", (o) => arrayAt(o, "status", "active").length),
    text("Last Schedule", (o, now) => {
      const last = stringAt(o, "status", "lastScheduleTime")
      return last === "" ? none : age(last, now)
    }),
    ageColumn,
  ],
  "coordination.k8s.io/leases": [
    nameColumn,
    text("Holder", (o) => stringAt(o, "spec", "holderIdentity")),
    ageColumn,
  ],
  "policy/poddisruptionbudgets": [
    nameColumn,
    text("Min Available", (o) => orNA(objectAt(o, "spec").minAvailable)),
    text("Max Unavailable", (o) => orNA(objectAt(o, "spec").maxUnavailable)),
    integer("Allowed Disruptions", status("disruptionsAllowed")),
    ageColumn,
  ],
  "rbac.authorization.k8s.io/roles": [nameColumn, createdColumn],
  "rbac.authorization.k8s.io/clusterroles": [nameColumn, createdColumn],
  "rbac.authorization.k8s.io/rolebindings": bindingColumns,
  "rbac.authorization.k8s.io/clusterrolebindings": bindingColumns,
  "scheduling.k8s.io/priorityclasses": [
    nameColumn,
    integer("Value", (o) => numberAt(o, "value")),
    boolean("Global-Default", (o) => o.globalDefault === true),
    ageColumn,
    text("PreemptionPolicy", (o) => stringAt(o, "preemptionPolicy")),
  ],
  "storage.k8s.io/storageclasses": [
    {
      ...nameColumn,
      cell: (o) =>
        o.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true"
          ? `${o.metadata.name} (default)`
          : o.metadata.name,
    },
    text("Provisioner", (o) => stringAt(o, "provisioner")),
    text("ReclaimPolicy", (o) => stringAt(o, "reclaimPolicy")),
    text("VolumeBindingMode", (o) => stringAt(o, "volumeBindingMode")),
    text("AllowVolumeExpansion", (o) => o.allowVolumeExpansion === true),
    ageColumn,
  ],
  "storage.k8s.io/csinodes": [
    nameColumn,
    integer("Drivers", (o) => arrayAt(o, "spec", "drivers").length),
    ageColumn,
  ],
  "discovery.k8s.io/endpointslices": [
    nameColumn,
    text("AddressType", (o) => stringAt(o, "addressType")),
    text("Ports", (o) => {
      const ports = objectsAt(o, "ports").map((p) => (p.port === undefined ? "*" : String(p.port)))
      return ports.length === 0 ? "<unset>" : upToThree(ports)
    }),
    text("Endpoints", (o) => {
      const all = objectsAt(o, "endpoints").flatMap((e) => arrayAt(e, "addresses").map(String))
      return all.length === 0 ? "<unset>" : upToThree(all)
    }),
    ageColumn,
  ],
  "admissionregistration.k8s.io/validatingadmissionpolicies": [
    nameColumn,
    integer("Validations", (o) => arrayAt(o, "spec", "validations").length),
    text("ParamKind", (o) => {
      const { apiVersion, kind } = objectAt(o, "spec", "paramKind")
      return kind === undefined ? "<unset>" : `${String(apiVersion)}/${String(kind)}`
    }),
    ageColumn,
  ],
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": [
    nameColumn,
    text("PolicyName", (o) => stringAt(o, "spec", "policyName")),
    text("ParamRef", (o) => {
      const { name, namespace } = objectAt(o, "spec", "paramRef")
      if (name === undefined) return "<unset>"
      return namespace === undefined ? `*/${String(name)}` : `${String(namespace)}/${String(name)}`
    }),
    ageColumn,
  ],
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhooks,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhooks,
  "apiextensions.k8s.io/customresourcedefinitions": [nameColumn, createdColumn],
}
