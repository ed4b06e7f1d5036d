import { randomUUID } from "node:crypto"
import { ApiError, badRequest } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { asArray, type JsonObject, objectAt, objectsAt, stringAt } from "../json.ts"
import { jsonPatch } from "../patch/json-patch.ts"
import type { Store } from "../store/store.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { AdmissionReview } from "../write/core.ts"
import { out } from "../write/create.ts"
import { isAbout, type Matching } from "./match.ts"
import { type ConnectService, callWebhook } from "./webhook-call.ts"

const group = "admissionregistration.k8s.io"
const validating = `${group}/validatingwebhookconfigurations`
const mutating = `${group}/mutatingwebhookconfigurations`

/**
 * Lets the MutatingWebhookConfigurations' webhooks change an object that is being made, one after another; throws when
 * one denies it. What exists already is not shown to them.
 */
export async function mutatingWebhooks(
  store: Store,
  connectService: ConnectService | undefined,
  review: AdmissionReview,
): Promise<void> {
  const { object, operation } = review
  if (operation !== "CREATE" || !object) return
  for (const webhook of webhooksFor(store, mutating, review)) {
    const { patch } = await ask(webhook, review, connectService)
    if (typeof patch !== "string") continue
    const operations = asArray(JSON.parse(Buffer.from(patch, "base64").toString()))
    Object.assign(object, jsonPatch(object, operations))
  }
}

/** Asks the ValidatingWebhookConfigurations' webhooks about a write, all at once; throws when one denies it. */
export async function validatingWebhooks(
  store: Store,
  connectService: ConnectService | undefined,
  review: AdmissionReview,
): Promise<void> {
  const wanted = webhooksFor(store, validating, review)
  const answers = await Promise.allSettled(wanted.map((w) => ask(w, review, connectService)))
  for (const answer of answers) if (answer.status === "rejected") throw answer.reason
}

/** Never asked about webhooks and policies themselves, so that a broken one can be taken away. */
function webhooksFor(store: Store, collection: string, review: AdmissionReview): JsonObject[] {
  if (review.type.group === group) return []
  return [...store.collection(collection).list()]
    .flatMap(([, configuration]) => objectsAt(configuration, "webhooks"))
    .filter((webhook) => isAbout(matchingOf(webhook), review, store))
}

const matchingOf = (webhook: JsonObject): Matching => ({
  rules: objectsAt(webhook, "rules"),
  namespaceSelector: webhook.namespaceSelector,
  objectSelector: webhook.objectSelector,
})

async function ask(
  webhook: JsonObject,
  review: AdmissionReview,
  connectService: ConnectService | undefined,
): Promise<JsonObject> {
  const name = JSON.stringify(stringAt(webhook, "name"))
  if (review.dryRun && !["None", "NoneOnDryRun"].includes(stringAt(webhook, "sideEffects"))) {
    throw badRequest(`admission webhook ${name} does not support dry run`)
  }
  const uid = randomUUID()
  let response: JsonObject
  try {
    response = objectAt(
      await callWebhook(webhook, requestOf(review, uid), connectService),
      "response",
    )
    if (response.uid !== uid)
      throw new Error("the response is not about the request: its uid differs")
  } catch (error) {
    if (webhook.failurePolicy === "Ignore") return {}
    const why = error instanceof Error ? error.message : String(error)
    const message = `failed calling webhook ${name}: ${why}`
    const causes = [{ message }]
    throw new ApiError(500, "InternalError", `Internal error occurred: ${message}`, { causes })
  }
  for (const warning of asArray(response.warnings)) review.warn(String(warning))
  if (response.allowed !== true) throw denial(name, objectAt(response, "status"))
  return response
}

/** The webhook's own status, with its name before the message. */
function denial(name: string, status: JsonObject): ApiError {
  const message = stringAt(status, "message")
  const reason = stringAt(status, "reason")
  const text =
    message !== ""
      ? `admission webhook ${name} denied the request: ${message}`
      : reason !== ""
        ? `admission webhook ${name} denied the request: ${reason}`
        : `admission webhook ${name} denied the request without explanation`
  const code = typeof status.code === "number" && status.code >= 400 ? status.code : 400
  return new ApiError(code, reason, text)
}

function requestOf(review: AdmissionReview, uid: string): JsonObject {
  const { type, subresource, operation, object, oldObject, dryRun } = review
  const about = object ?? oldObject
  const kind = { group: type.group, version: type.version, kind: type.kind }
  const resource = { group: type.group, version: type.version, resource: type.plural }
  const sub =
    subresource === "" ? {} : { subResource: subresource, requestSubResource: subresource }
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      ...{ uid, kind, resource, requestKind: kind, requestResource: resource, ...sub },
      ...(about?.metadata.name ? { name: about.metadata.name } : {}),
      ...(about?.metadata.namespace ? { namespace: about.metadata.namespace } : {}),
      operation,
      userInfo: { username: "lab-admin", groups: ["system:masters", "system:authenticated"] },
      object: shown(type, object),
      oldObject: shown(type, oldObject),
      dryRun,
      options: {
        kind: `${operation[0]}${operation.slice(1).toLowerCase()}Options`,
        apiVersion: "meta.k8s.io/v1",
      },
    },
  }
}

const shown = (type: ResourceType, object: ApiObject | undefined): unknown =>
  object === undefined ? null : out(type, object)
