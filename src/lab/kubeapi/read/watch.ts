import { ApiError, complaint, invalid } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import type { Change } from "../store/collection.ts"
import type { Store } from "../store/store.ts"
import type { ResourceType } from "../types/resource-type.ts"
import { type Selection, type SelectorQuery, selectionOf } from "./selection.ts"

export interface WatchQuery extends SelectorQuery {
  readonly resourceVersion?: string | undefined
  readonly resourceVersionMatch?: string | undefined
  readonly sendInitialEvents?: boolean
  readonly allowWatchBookmarks?: boolean
}

export interface WatchSink {
  /** `object` is a stored object, shared and frozen. */
  event(type: "ADDED" | "MODIFIED" | "DELETED", object: ApiObject): void
  /** `initial`: the objects that there were have all been sent. */
  bookmark(revision: number, initial: boolean): void
}

/**
 * Sends the selected objects' changes to the sink until disposed: from a revision on, or after what there is now.
 * Throws 410 when the revision is forgotten, 400 or 422 when the query is malformed.
 */
export const openWatch = (
  store: Store,
  type: ResourceType,
  query: WatchQuery,
  sink: WatchSink,
): Disposable => prepareWatch(store, type, query)(sink)

/** The same in two steps: what is wrong with the query shows in the first, a forgotten revision in the second. */
export function prepareWatch(
  store: Store,
  type: ResourceType,
  query: WatchQuery,
): (sink: WatchSink) => Disposable {
  checkQuery(query)
  const selection = selectionOf(type, query)
  const collection = store.collection(type.collection)
  const from = Number(query.resourceVersion ?? "0")
  return (sink) => {
    const deliver = (change: Change) => tell(selection, change, sink)
    if (query.sendInitialEvents === true || (from === 0 && query.sendInitialEvents !== false)) {
      for (const [, object] of collection.list(selection.namespace)) {
        if (selection.matches(object)) sink.event("ADDED", object)
      }
      if (query.sendInitialEvents) sink.bookmark(store.revision, true)
    } else {
      for (const change of collection.since(from)) deliver(change)
    }
    return collection.listen(deliver, selection.index)
  }
}

/** To a watcher, an object that stops or starts to match is deleted or added. */
function tell(selection: Selection, change: Change, sink: WatchSink): void {
  const was = change.previous !== undefined && selection.matches(change.previous)
  const is = change.type !== "DELETED" && selection.matches(change.object)
  if (is) sink.event(was ? "MODIFIED" : "ADDED", change.object)
  else if (was && change.previous) sink.event("DELETED", lastState(change, change.previous))
}

/** What a watcher last knew of an object, under the revision that took it away. */
function lastState(change: Change, previous: ApiObject): ApiObject {
  if (change.type === "DELETED") return change.object
  const metadata = { ...previous.metadata, resourceVersion: String(change.revision) }
  return { ...previous, metadata }
}

function checkQuery(query: WatchQuery): void {
  const { resourceVersion = "", resourceVersionMatch, sendInitialEvents } = query
  if (!/^\d*$/.test(resourceVersion)) {
    const shown = JSON.stringify(resourceVersion)
    const text = `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`
    throw new ApiError(500, "", text)
  }
  if (sendInitialEvents !== undefined && resourceVersionMatch !== "NotOlderThan") {
    const subject = { group: "meta.k8s.io", plural: "", kind: "ListOptions" }
    const text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    throw invalid(subject, "", [complaint.forbidden("resourceVersionMatch", text)])
  }
}
