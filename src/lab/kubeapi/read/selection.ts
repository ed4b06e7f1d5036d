import { ApiError, badRequest } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { type FieldTerm, matchesFields, parseFieldSelector } from "../selectors/field-selector.ts"
import { parseLabelSelector } from "../selectors/label-selector.ts"
import { isIndexed, type WatchIndex } from "../store/collection.ts"
import type { ResourceType } from "../types/resource-type.ts"

export interface SelectorQuery {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

/** Which objects of a collection a list or watch is about. */
export interface Selection {
  readonly namespace?: string
  readonly matches: (object: ApiObject) => boolean
  /** A field whose value all selected objects share, so that a watch need not see every change. */
  readonly index?: WatchIndex
}

export function selectionOf(type: ResourceType, query: SelectorQuery): Selection {
  const namespace = type.namespaced ? query.namespace : undefined
  const labels = query.labelSelector ? parseLabelSelector(query.labelSelector) : undefined
  const fields = fieldTerms(type, query)
  const indexed = fields.find((t) => t.equal && t.value !== "" && isIndexed(t.path))
  const index = indexed
    ? { field: indexed.path, value: indexed.value }
    : namespace === undefined
      ? undefined
      : { field: "metadata.namespace", value: namespace }
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(index ? { index } : {}),
    matches: (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (labels === undefined || labels(object.metadata.labels)) &&
      (fields.length === 0 || matchesFields(fields, object)),
  }
}

/** Kinds that name their selectable fields themselves, and word the refusal so. */
const customLabels = new Set([
  "/pods",
  "/nodes",
  "/events",
  "/namespaces",
  "/secrets",
  "/services",
  "apps/replicasets",
  "batch/jobs",
])

function fieldTerms(type: ResourceType, query: SelectorQuery): FieldTerm[] {
  try {
    return parseFieldSelector(query.fieldSelector ?? "", type.selectable)
  } catch (error) {
    if (!(error instanceof ApiError) || !error.message.startsWith("field label")) throw error
    if (!type.custom && !customLabels.has(type.collection)) {
      const path = error.message.split(": ")[1]
      const known = [...type.selectable].map((f) => JSON.stringify(f)).join(", ")
      throw badRequest(`${JSON.stringify(path)} is not a known field selector: only ${known}`)
    }
    throw error
  }
}
