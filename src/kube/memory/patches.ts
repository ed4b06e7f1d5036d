import type { KubeObject } from "../../api/meta.ts"
import type { Patch } from "../kube.ts"
import { KubeError } from "../kube.ts"

type Json = unknown
type Fields = Record<string, Json>

const isObject = (value: Json): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Applies a patch to a copy of `target`. Strategic and apply patches merge lists of the few keyed kinds below. */
export function applyPatch(target: KubeObject, patch: Patch): KubeObject {
  const patched = patchFields({ ...target }, patch)
  if (!isKubeObject(patched)) throw new KubeError(422, "Invalid", "the patch leaves no object")
  return patched
}

const isKubeObject = (value: Fields): value is Fields & KubeObject =>
  typeof value["apiVersion"] === "string" &&
  typeof value["kind"] === "string" &&
  isObject(value["metadata"]) &&
  typeof value["metadata"]["name"] === "string"

function patchFields(target: Fields, patch: Patch): Fields {
  switch (patch.type) {
    case "merge":
      return mergePatch(target, patch.body) as Fields
    case "json":
      return jsonPatch(target, patch.body as JsonPatchStep[])
    case "strategic":
    case "apply":
      return keyedMerge(target, patch.body) as Fields
  }
}

/** RFC 7396. */
function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return structuredClone(patch)
  const result: Fields = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}

/** Lists that strategic merge and server-side apply merge by an item's key instead of replacing. */
const listKeys: Readonly<Record<string, string>> = {
  conditions: "type",
  containers: "name",
  env: "name",
  addresses: "type",
  ownerReferences: "uid",
}

function keyedMerge(target: Json, patch: Json, field = ""): Json {
  const key = listKeys[field]
  if (key && Array.isArray(patch) && Array.isArray(target)) return mergeLists(target, patch, key)
  if (!isObject(patch)) return structuredClone(patch)
  const result: Fields = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = keyedMerge(result[name], value, name)
  }
  return result
}

function mergeLists(target: Json[], patch: Json[], key: string): Json[] {
  const result = [...target]
  for (const item of patch as Fields[]) {
    const at = result.findIndex((r) => isObject(r) && r[key] === item[key])
    if (item["$patch"] === "delete") {
      if (at !== -1) result.splice(at, 1)
    } else if (at === -1) result.push(structuredClone(item))
    else result[at] = keyedMerge(result[at], item)
  }
  return result
}

interface JsonPatchStep {
  op: "add" | "remove" | "replace" | "test"
  path: string
  value?: Json
}

/** RFC 6902, the four operations that clients of Kubernetes use. */
function jsonPatch(target: Fields, steps: JsonPatchStep[]): Fields {
  const result = structuredClone(target)
  for (const step of steps) {
    const keys = step.path
      .split("/")
      .slice(1)
      .map((k) => k.replaceAll("~1", "/").replaceAll("~0", "~"))
    const last = keys.pop()
    const parent = keys.reduce<Json>((at, key) => (at as Fields | undefined)?.[key], result)
    if (last === undefined || typeof parent !== "object" || parent === null)
      throw invalid(step, "the path does not exist")
    runStep(parent as Fields | Json[], last, step)
  }
  return result
}

function runStep(parent: Fields | Json[], key: string, step: JsonPatchStep): void {
  const present = Array.isArray(parent) ? Number(key) < parent.length : key in parent
  if (!present && step.op !== "add") throw invalid(step, "the path does not exist")
  if (step.op === "test") {
    const found = JSON.stringify((parent as Fields)[key])
    if (found !== JSON.stringify(step.value)) throw invalid(step, "testing the value failed")
  } else if (Array.isArray(parent)) {
    const at = key === "-" ? parent.length : Number(key)
    const removed = step.op === "add" ? 0 : 1
    parent.splice(at, removed, ...(step.op === "remove" ? [] : [step.value]))
  } else if (step.op === "remove") delete parent[key]
  else parent[key] = step.value
}

const invalid = (step: JsonPatchStep, why: string) =>
  new KubeError(422, "Invalid", `json patch ${step.op} ${step.path}: ${why}`)
