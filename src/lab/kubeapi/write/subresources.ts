import { badRequest, conflict, methodNotAllowed } from "../api-error.ts"
import { type ApiObject, timeText } from "../api-object.ts"
import { asObject, isObject, type JsonObject, objectsAt, stringAt } from "../json.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { Core, WriteOptions } from "./core.ts"
import { evict } from "./evict.ts"
import { modify, type ObjectTarget } from "./update.ts"

const success: JsonObject = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  code: 201,
}

/** POST to a subresource: what to answer. */
export async function postSubresource(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  body: unknown,
  options: WriteOptions,
): Promise<JsonObject> {
  switch (`${type.collection}/${target.subresource}`) {
    case "/pods/binding":
      await bind(core, type, target, body, options)
      return success
    case "/pods/eviction":
      await evict(core, type, target, body, options)
      return success
    case "/serviceaccounts/token":
      return token(core, target, body)
    default:
      throw methodNotAllowed()
  }
}

/** Binds a pod to a node, once. */
async function bind(
  core: Core,
  type: ResourceType,
  target: ObjectTarget,
  body: unknown,
  options: WriteOptions,
): Promise<void> {
  const node = stringAt(body, "target", "name")
  if (node === "") throw badRequest("target.name: Required value")
  const uid = stringAt(body, "metadata", "uid")
  await modify(
    core,
    type,
    { ...target, subresource: "binding" },
    (pod) => boundPod(core, type, pod, { node, uid }),
    // As in the API server, no one manages the fields that a binding sets.
    { ...options, managed: true },
  )
}

function boundPod(
  core: Core,
  type: ResourceType,
  pod: ApiObject,
  { node, uid }: { node: string; uid: string },
): ApiObject {
  const spec = asObject(pod.spec)
  const refuse = (why: string) =>
    conflict({ ...type, plural: "pods/binding" }, pod.metadata.name, why)
  if (uid !== "" && uid !== pod.metadata.uid) {
    throw refuse(
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`,
    )
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    throw refuse(`pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`)
  }
  if (stringAt(spec, "nodeName") !== "") {
    throw refuse(
      `pod ${pod.metadata.name} is already assigned to node ${JSON.stringify(spec.nodeName)}`,
    )
  }
  const conditions = objectsAt(pod, "status", "conditions").filter((c) => c.type !== "PodScheduled")
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: timeText(core.clock.now()),
  }
  return {
    ...pod,
    spec: { ...spec, nodeName: node },
    status: { ...asObject(pod.status), conditions: [...conditions, scheduled] },
  }
}

const tokenSecondsDefault = 3600

/** A token that says who it is for; nothing in the lab verifies its signature. */
function token(core: Core, target: ObjectTarget, body: unknown): JsonObject {
  const asked = isObject(body) && isObject(body.spec) ? body.spec : {}
  const seconds =
    typeof asked.expirationSeconds === "number" ? asked.expirationSeconds : tokenSecondsDefault
  const now = core.clock.now()
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const claims = {
    sub: `system:serviceaccount:${target.namespace}:${target.name}`,
    iat: Math.floor(now / 1000),
    exp: Math.floor(now / 1000) + seconds,
  }
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name: target.name, namespace: target.namespace, creationTimestamp: timeText(now) },
    spec: { audiences: ["https://kubernetes.default.svc"], expirationSeconds: seconds },
    status: {
      token: `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.lab`,
      expirationTimestamp: timeText(now + seconds * 1000),
    },
  }
}
