import type { ApiObject } from "../api-object.ts"
import { at, isObject, type JsonObject, numberAt, objectAt, objectsAt, stringAt } from "../json.ts"
import { ageColumn, type Column, nameColumn, none, orNone, text, wide } from "./column.ts"
import { duration } from "./duration.ts"

/** What `kubectl get pods` says of a pod (k8s.io/kubernetes/pkg/printers/internalversion, printPod). */
interface PodSummary {
  reason: string
  ready: number
  restarts: number
  lastRestart: string
}

export const podColumns: readonly Column[] = [
  nameColumn,
  text("Ready", (o) => `${summary(o).ready}/${total(o)}`),
  text("Status", (o) => summary(o).reason),
  text("Restarts", (o, now) => {
    const { restarts, lastRestart } = summary(o)
    return restarts === 0 || lastRestart === ""
      ? String(restarts)
      : `${restarts} (${duration(now - Date.parse(lastRestart))} ago)`
  }),
  ageColumn,
  wide("IP", (o) =>
    orNone(stringAt(objectsAt(o, "status", "podIPs")[0], "ip") || stringAt(o, "status", "podIP")),
  ),
  wide("Node", (o) => orNone(stringAt(o, "spec", "nodeName"))),
  wide("Nominated Node", (o) => orNone(stringAt(o, "status", "nominatedNodeName"))),
  wide("Readiness Gates", gates),
]

const total = (pod: ApiObject) => objectsAt(pod, "spec", "containers").length + sidecars(pod).size

const sidecars = (pod: ApiObject): ReadonlySet<string> =>
  new Set(
    objectsAt(pod, "spec", "initContainers")
      .filter((c) => c.restartPolicy === "Always")
      .map((c) => stringAt(c, "name")),
  )

function gates(pod: ApiObject): string {
  const wanted = objectsAt(pod, "spec", "readinessGates").map((g) => stringAt(g, "conditionType"))
  if (wanted.length === 0) return none
  const met = wanted.filter((type) => isTrue(pod, type)).length
  return `${met}/${wanted.length}`
}

const isTrue = (pod: ApiObject, type: string) =>
  objectsAt(pod, "status", "conditions").some((c) => c.type === type && c.status === "True")

function summary(pod: ApiObject): PodSummary {
  const status = objectAt(pod, "status")
  const out: PodSummary = {
    reason: stringAt(status, "reason") || stringAt(status, "phase"),
    ready: 0,
    restarts: 0,
    lastRestart: "",
  }
  const gated = objectsAt(status, "conditions").some(
    (c) => c.type === "PodScheduled" && c.reason === "SchedulingGated",
  )
  if (gated) out.reason = "SchedulingGated"
  const initializing = addInitContainers(out, pod)
  if (!initializing || isTrue(pod, "Initialized")) addContainers(out, pod)
  const { deletionTimestamp } = pod.metadata
  if (deletionTimestamp !== undefined && status.reason === "NodeLost") out.reason = "Unknown"
  else if (
    deletionTimestamp !== undefined &&
    !["Succeeded", "Failed"].includes(stringAt(status, "phase"))
  ) {
    out.reason = "Terminating"
  }
  return out
}

function countRestarts(out: PodSummary, status: JsonObject): void {
  out.restarts += numberAt(status, "restartCount")
  const finished = stringAt(status, "lastState", "terminated", "finishedAt")
  if (finished > out.lastRestart) out.lastRestart = finished
}

/** True while the pod waits for an init container, whose state is then the reason. */
function addInitContainers(out: PodSummary, pod: ApiObject): boolean {
  const restartable = sidecars(pod)
  const statuses = objectsAt(pod, "status", "initContainerStatuses")
  const kept = { restarts: 0, lastRestart: "" }
  for (const [index, status] of statuses.entries()) {
    countRestarts(out, status)
    const sidecar = restartable.has(stringAt(status, "name"))
    if (sidecar) {
      kept.restarts += numberAt(status, "restartCount")
      kept.lastRestart = out.lastRestart
    }
    const terminated = at(status, "state", "terminated")
    if (isObject(terminated) && numberAt(terminated, "exitCode") === 0) continue
    if (sidecar && status.started === true) {
      if (status.ready === true) out.ready++
      continue
    }
    const count = objectsAt(pod, "spec", "initContainers").length
    out.reason = `Init:${initReason(status) ?? `${index}/${count}`}`
    return true
  }
  Object.assign(out, kept)
  return false
}

function initReason(status: JsonObject): string | undefined {
  const terminated = at(status, "state", "terminated")
  if (isObject(terminated)) return endReason(terminated)
  const waiting = stringAt(status, "state", "waiting", "reason")
  return waiting === "" || waiting === "PodInitializing" ? undefined : waiting
}

function endReason(terminated: JsonObject): string {
  const reason = stringAt(terminated, "reason")
  if (reason !== "") return reason
  const signal = numberAt(terminated, "signal")
  return signal === 0 ? `ExitCode:${numberAt(terminated, "exitCode")}` : `Signal:${signal}`
}

function addContainers(out: PodSummary, pod: ApiObject): void {
  let running = false
  for (const status of objectsAt(pod, "status", "containerStatuses").toReversed()) {
    countRestarts(out, status)
    const waiting = stringAt(status, "state", "waiting", "reason")
    const terminated = at(status, "state", "terminated")
    if (waiting !== "") out.reason = waiting
    else if (isObject(terminated)) out.reason = endReason(terminated)
    else if (status.ready === true && isObject(at(status, "state", "running"))) {
      running = true
      out.ready++
    }
  }
  if (out.reason === "Completed" && running)
    out.reason = isTrue(pod, "Ready") ? "Running" : "NotReady"
}
