import type { ApiObject } from "../api-object.ts"
import { asArray, type JsonObject, objectsAt, stringAt } from "../json.ts"
import { matchesSelector } from "../selectors/selector-object.ts"
import type { Store } from "../store/store.ts"
import type { AdmissionReview } from "../write/core.ts"

/** True when a webhook asks for reviews of this kind, of objects and namespaces that its selectors match. */
export function wants(webhook: JsonObject, review: AdmissionReview, store: Store): boolean {
  return (
    objectsAt(webhook, "rules").some((rule) => ruleMatches(rule, review)) &&
    namespaceMatches(webhook.namespaceSelector, review, store) &&
    objectMatches(webhook.objectSelector, review)
  )
}

function ruleMatches(rule: JsonObject, { type, subresource, operation }: AdmissionReview): boolean {
  const has = (field: string, value: string) => {
    const list = asArray(rule[field])
    return list.includes("*") || list.includes(value)
  }
  const scope = rule.scope ?? "*"
  return (
    has("apiGroups", type.group) &&
    has("apiVersions", type.version) &&
    has("operations", operation) &&
    (scope === "*" || scope === (type.namespaced ? "Namespaced" : "Cluster")) &&
    asArray(rule.resources).some((r) => resourceMatches(String(r), type.plural, subresource))
  )
}

/** "pods", "pods/status", "pods/*", "*", "*\/status" and "*\/*". */
function resourceMatches(pattern: string, plural: string, subresource: string): boolean {
  const [resource = "", sub] = pattern.split("/")
  if (resource !== "*" && resource !== plural) return false
  return sub === undefined ? subresource === "" : sub === "*" || sub === subresource
}

const isEmpty = (selector: unknown) =>
  selector === undefined || selector === null || JSON.stringify(selector) === "{}"

/** Of a namespace itself its own labels count; other cluster-scoped objects have no namespace to be left out by. */
function namespaceMatches(selector: unknown, review: AdmissionReview, store: Store): boolean {
  if (isEmpty(selector)) return true
  const object = review.object ?? review.oldObject
  if (review.type.collection === "/namespaces")
    return matchesSelector(selector, object?.metadata.labels)
  const name = object?.metadata.namespace
  if (name === undefined) return true
  return matchesSelector(selector, store.collection("/namespaces").get(name)?.metadata.labels)
}

function objectMatches(selector: unknown, review: AdmissionReview): boolean {
  if (isEmpty(selector)) return true
  const matches = (object: ApiObject | undefined) =>
    object !== undefined && matchesSelector(selector, object.metadata.labels)
  return matches(review.object) || matches(review.oldObject)
}

export const nameOf = (webhook: JsonObject): string => stringAt(webhook, "name")
