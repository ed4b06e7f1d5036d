import data from "../../vpc/instance-limits.json" with { type: "json" }
import { invalid } from "./fault.ts"

export interface TypeLimits {
  readonly maxEnis: number
  readonly ipv4PerEni: number
  /** ENIs per network card, by card index. */
  readonly networkCards: readonly number[]
  readonly defaultNetworkCardIndex: number
  readonly isBareMetal: boolean
  readonly hypervisor: string | null
}

const limits: Readonly<Record<string, TypeLimits>> = data

export const instanceTypes: readonly string[] = Object.keys(limits)

export const findLimits = (type: string): TypeLimits | undefined =>
  Object.hasOwn(limits, type) ? limits[type] : undefined

export function limitsOf(type: string): TypeLimits {
  const found = findLimits(type)
  if (found) return found
  throw invalid(`Invalid value '${type}' for InstanceType.`)
}
