import { nodePlacement, type PlacementKey } from "../api/nodenetwork.ts"
import { parsePlacementKey } from "./placement.ts"

const domain = "pods.berth.dev/"
/** Of the part behind the slash (apimachinery, qualified names). */
const longest = 63
const hashLength = 8

/**
 * The extended resource by which the scheduler counts the pods that a node can serve of a placement, such as
 * `pods.berth.dev/blue` for SubnetPool blue. Undefined for the node placement: every pod may use that.
 */
export function podResource(key: PlacementKey): string | undefined {
  const selector = parsePlacementKey(key)
  if (key === nodePlacement || selector === undefined) return undefined
  const groups = selector.groups && `sg-${hash(selector.groups.join(","))}`
  const name = [selector.pool, groups].filter((part) => part !== undefined).join(".")
  if (name.length <= longest) return `${domain}${name}`
  return `${domain}${name.slice(0, longest - hashLength - 1)}-${hash(name)}`
}

export const isPodResource = (name: string): boolean => name.startsWith(domain)

/** FNV-1a, 32 bits: names have to differ, not to be safe from forgery. */
function hash(text: string): string {
  let sum = 0x811c9dc5
  for (const char of text) sum = Math.imul(sum ^ char.charCodeAt(0), 0x01000193)
  return (sum >>> 0).toString(16).padStart(hashLength, "0")
}
