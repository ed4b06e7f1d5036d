import type { ApiObject } from "../api-object.ts"
import type { Conversion } from "./resource-type.ts"

/** Fields that differ between events.k8s.io/v1 and the stored core/v1 form. */
const names: readonly (readonly [events: string, core: string])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
]

function rename(object: ApiObject, from: 0 | 1, apiVersion: string): ApiObject {
  const out: ApiObject = { ...object, apiVersion }
  for (const pair of names) {
    const value = out[pair[from]]
    delete out[pair[from]]
    // The core form has its text fields always, the other leaves empty ones out.
    const empty = from === 1 && value === ""
    if (value !== undefined && !empty) out[pair[1 - from] ?? ""] = value
  }
  if (from === 1 && out.reportingInstance === "") delete out.reportingInstance
  return out
}

/** events.k8s.io/v1 Events in terms of core/v1 ones. */
export const coreEvent: Conversion = {
  toStored: (object) => rename(object, 0, "v1"),
  fromStored: (object) => rename(object, 1, "events.k8s.io/v1"),
}
