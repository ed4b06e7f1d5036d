import { isObject, type JsonObject } from "../json.ts"

/** Values that differ between any two servers, by field name: replaced by what kind of value it is. */
const varying: Readonly<Record<string, string>> = {
  uid: "UID",
  resourceVersion: "REVISION",
  creationTimestamp: "TIME",
  deletionTimestamp: "TIME",
  lastTransitionTime: "TIME",
  time: "TIME",
  continue: "TOKEN",
  storageVersionHash: "HASH",
  clusterIP: "ADDRESS",
}

/** A reply without what cannot be the same on two servers. */
export function normalise(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((v) => normalise(v))
  if (typeof value === "string") return normaliseText(value)
  if (!isObject(value)) return value
  const out: JsonObject = {}
  for (const field of Object.keys(value).sort()) {
    const member = value[field]
    const replaced = varying[field]
    // Descriptions are documentation, which the lab leaves out.
    if (field === "description" && "format" in value) continue
    if (field === "managedFields" && Array.isArray(member)) {
      // Sorted by the second in which they came, which the two servers may see differently.
      const entries = member.map((e) => normalise(e))
      const text = (e: unknown) => JSON.stringify(e)
      out[field] = entries.sort((a, b) => (text(a) < text(b) ? -1 : 1))
      continue
    }
    // Some complaints come twice, from the generic and the kind's own validation.
    if (field === "causes" && Array.isArray(member)) {
      const texts = new Set(member.map((c) => JSON.stringify(normalise(c))))
      out[field] = [...texts].sort()
      continue
    }
    if (typeof member === "string" && member !== "" && replaced !== undefined) {
      out[field] = replaced
      continue
    }
    if (field === "clusterIPs" && Array.isArray(member)) out[field] = member.map(() => "ADDRESS")
    else if (member !== undefined) out[field] = normalise(member)
  }
  return out
}

const normaliseText = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UID")
    .replace(/^\d+s$/, "AGE")
    .replace(/kube-api-access-\w{5}/g, "kube-api-access-SUFFIX")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME")
    .replace(
      /^(unable to parse requirement:|invalid continue token: continue key is not valid:).*$/s,
      "$1",
    )
    .replace(/in record \(\d+\)/, "in record (N)")
    .replace(/current: \d+/, "current: N")
    .replace(/patch: Invalid value: ".*": /s, "patch: Invalid value: PATCHED: ")
    .replace(/^Invalid value: "\{.*\}": /s, "Invalid value: PATCHED: ")
    // Texts of Go's own: a parser's complaint, and the difference of two structs.
    .replace(/(json parse error:|\n@@ ).*$/s, "$1")
    .replace(/\n@@ $/, "")
    .replace(
      /^the object provided is unrecognized \(must be of type \w+\)/,
      "the object provided is unrecognized",
    )
    .replace(/resource version: \d+ \(\d+\)/g, "resource version: N (N)")
