import type { ApiObject } from "../api-object.ts"
import { asArray, isEmpty, type JsonObject, objectsAt } from "../json.ts"
import { matchesSelector } from "../selectors/selector-object.ts"
import type { Store } from "../store/store.ts"
import type { AdmissionReview } from "../write/core.ts"

/** What webhooks and policies say of the writes that they are about. */
export interface Matching {
  readonly rules: readonly JsonObject[]
  readonly excluded?: readonly JsonObject[]
  readonly namespaceSelector: unknown
  readonly objectSelector: unknown
}

/** The same of a policy's matchConstraints, or a binding's matchResources, which may leave out the rules. */
export const matchingOf = (resources: JsonObject): Matching => ({
  rules: objectsAt(resources, "resourceRules"),
  excluded: objectsAt(resources, "excludeResourceRules"),
  namespaceSelector: resources.namespaceSelector,
  objectSelector: resources.objectSelector,
})

export function isAbout(matching: Matching, review: AdmissionReview, store: Store): boolean {
  const some = (rules: readonly JsonObject[]) => rules.some((rule) => ruleMatches(rule, review))
  return (
    some(matching.rules) &&
    !some(matching.excluded ?? []) &&
    namespaceMatches(matching.namespaceSelector, review, store) &&
    objectMatches(matching.objectSelector, review)
  )
}

function ruleMatches(rule: JsonObject, review: AdmissionReview): boolean {
  const { type, subresource, operation } = review
  const has = (field: string, value: string) => {
    const list = asArray(rule[field])
    return list.includes("*") || list.includes(value)
  }
  const scope = rule.scope ?? "*"
  const names = asArray(rule.resourceNames)
  const { name } = (review.object ?? review.oldObject)?.metadata ?? {}
  return (
    has("apiGroups", type.group) &&
    has("apiVersions", type.version) &&
    has("operations", operation) &&
    (scope === "*" || scope === (type.namespaced ? "Namespaced" : "Cluster")) &&
    (names.length === 0 || names.includes(name)) &&
    asArray(rule.resources).some((r) => resourceMatches(String(r), type.plural, subresource))
  )
}

/** "pods", "pods/status", "pods/*", "*", "*\/status" and "*\/*". */
function resourceMatches(pattern: string, plural: string, subresource: string): boolean {
  const [resource = "", sub] = pattern.split("/")
  if (resource !== "*" && resource !== plural) return false
  return sub === undefined ? subresource === "" : sub === "*" || sub === subresource
}

/** Of a namespace itself its own labels count; other cluster-scoped objects have no namespace to be left out by. */
function namespaceMatches(selector: unknown, review: AdmissionReview, store: Store): boolean {
  if (isEmpty(selector)) return true
  const object = review.object ?? review.oldObject
  const { name, namespace, labels } = object?.metadata ?? {}
  if (review.type.collection === "/namespaces")
    return name !== undefined && matchesSelector(selector, labels)
  if (namespace === undefined) return true
  return matchesSelector(selector, store.collection("/namespaces").get(namespace)?.metadata.labels)
}

function objectMatches(selector: unknown, review: AdmissionReview): boolean {
  if (isEmpty(selector)) return true
  const matches = (object: ApiObject | undefined) =>
    object !== undefined && matchesSelector(selector, object.metadata.labels)
  return matches(review.object) || matches(review.oldObject)
}
