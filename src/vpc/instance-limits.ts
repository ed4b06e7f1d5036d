import { fail } from "../errors/catalogue.ts"
import { nearest } from "../errors/nearest.ts"
import table from "./instance-limits.json" with { type: "json" }

/** Network limits of one EC2 instance type, as the table keeps them. */
export interface InstanceLimits {
  /** ENIs on the default network card, the primary included: the ones that pods can use. */
  readonly maxEnis: number
  /** IPv4 addresses of one ENI, its primary one included. */
  readonly ipv4PerEni: number
  /** ENIs of each network card, by card index. */
  readonly networkCards: readonly number[]
  readonly defaultNetworkCardIndex: number
  readonly isBareMetal: boolean
  /** "nitro", "xen", or null for bare metal and two legacy types. */
  readonly hypervisor: string | null
  /** Branch interfaces for security groups for pods; null where AWS publishes nothing. */
  readonly branchInterfaces: number | null
  readonly isTrunkingCompatible: boolean | null
}

/** What a plan needs of a type. Pods use the default network card only. */
export interface InterfaceLimits {
  /** ENIs on the default network card, the primary included. */
  readonly interfaces: number
  /** IPv4 addresses of one ENI, its primary address included. A prefix takes the place of one address. */
  readonly addressesPerInterface: number
  /** Whether /28 prefixes can be assigned. */
  readonly prefixes: boolean
  readonly defaultNetworkCard: number
  /** Whether the type can have a trunk; absent is no. */
  readonly trunk?: boolean
}

const limits: Readonly<Record<string, InstanceLimits>> = table

/** Every known type, sorted. */
export const instanceTypes: readonly string[] = Object.keys(limits)

/** The limits of a type, such as `m5.large`; throws `vpc/instance-type-unknown`. */
export function limitsOf(type: string): InstanceLimits {
  const found = Object.hasOwn(limits, type) ? limits[type] : undefined
  if (found === undefined) {
    throw fail("vpc/instance-type-unknown", {
      type,
      similar: nearest(type.trim().toLowerCase(), instanceTypes, 3),
    })
  }
  return found
}

/** The CNI assigns prefixes on Nitro and on bare metal (amazon-vpc-cni-k8s IsPrefixDelegationSupported). */
export const supportsPrefixes = (type: InstanceLimits): boolean =>
  type.hypervisor === "nitro" || type.isBareMetal

export const interfaceLimitsOf = (type: InstanceLimits): InterfaceLimits => ({
  interfaces: type.maxEnis,
  addressesPerInterface: type.ipv4PerEni,
  prefixes: supportsPrefixes(type),
  defaultNetworkCard: type.defaultNetworkCardIndex,
  ...(type.isTrunkingCompatible === true && { trunk: true }),
})

/**
 * Whether a type has more than 30 vCPU, from its name alone: EC2's tables of ENI limits do not list vCPUs. Holds for
 * every type that EC2 documents a vCPU count for.
 */
export function hasMoreThan30Vcpus(type: string): boolean {
  const [family = "", size = ""] = type.split(".")
  if (family.startsWith("mac") || smallExceptions.has(type)) return false
  if (size.startsWith("metal")) return true
  const multiple = /^(\d+)xlarge$/.exec(size)?.[1]
  return multiple !== undefined && Number(multiple) >= 8
}

/** Types of 8xlarge or more, or metal, with at most 30 vCPU: 16, 24 and 16. */
const smallExceptions = new Set(["a1.metal", "hpc7a.12xlarge", "hs1.8xlarge"])
