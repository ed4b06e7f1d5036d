import { fail } from "../errors/catalogue.ts"
import { hasMoreThan30Vcpus, limitsOf, supportsPrefixes } from "./instance-limits.ts"

export interface MaxPodsQuestion {
  readonly type: string
  readonly customNetworking?: boolean
  readonly prefixDelegation?: boolean
  /** MAX_ENI of the CNI; absent = all of the type's. */
  readonly maxENI?: number
  /** Version of the CNI; absent = new enough for everything. Prefixes need 1.9. */
  readonly cniVersion?: string
  /** Security groups for pods: the trunk takes an ENI where the type has one. */
  readonly securityGroupsForPods?: boolean
  /** ENIs on the default card that the CNI leaves alone: tagged no_manage, EFA-only, other owners. */
  readonly unmanaged?: number
  /** When known; else told from the name of the type. */
  readonly vcpus?: number
}

export interface MaxPods {
  /** What to tell the kubelet: `allowed`, capped as EKS recommends. */
  readonly recommended: number
  /** Pods that the formula allows, the two host-network ones of every node included. */
  readonly allowed: number
  /** 110, or 250 on more than 30 vCPU (Kubernetes' and EKS's scalability limits). */
  readonly cap: 110 | 250
  /** Addresses that pods can really have: more than the formula says on bare metal with prefixes. */
  readonly podAddresses: number
  /** ENIs that give pod addresses. */
  readonly interfaces: number
  readonly usesPrefixes: boolean
  /** What the asker should know: in words. */
  readonly notes: readonly string[]
}

/** aws-node and kube-proxy use the host's network. */
const hostNetworkPods = 2
const prefixSize = 16

/**
 * Max pods of an instance type, as max-pods-calculator.sh of amazon-eks-ami counts, which EKS documents, with what that
 * script leaves out: trunk and unmanaged ENIs. Throws `vpc/instance-type-unknown` and `vpc/cni-version-malformed`.
 */
export function maxPods(question: MaxPodsQuestion): MaxPods {
  const limits = limitsOf(question.type)
  const notes: string[] = []
  const interfaces = podInterfaces(question, notes)
  const perInterface = limits.ipv4PerEni - 1
  const wanted = question.prefixDelegation === true && prefixesSince19(question.cniVersion, notes)
  const capable = wanted && supportsPrefixes(limits)
  // The script asks for hypervisor "nitro", which EC2 does not report for bare metal; the CNI itself accepts it.
  const counted = capable && limits.hypervisor === "nitro"
  if (wanted && !capable) notes.push(`${question.type} has no prefix delegation: it needs Nitro`)
  if (capable && !counted) {
    notes.push(
      "the documented formula does not count prefixes on bare metal, though the CNI uses them",
    )
  }
  const allowed = interfaces * perInterface * (counted ? prefixSize : 1) + hostNetworkPods
  const large =
    question.vcpus === undefined ? hasMoreThan30Vcpus(question.type) : question.vcpus > 30
  const cap = large ? 250 : 110
  return {
    recommended: Math.min(cap, allowed),
    allowed,
    cap,
    podAddresses: interfaces * perInterface * (capable ? prefixSize : 1),
    interfaces,
    usesPrefixes: counted,
    notes,
  }
}

/** ENIs left for pods. MAX_ENI caps before the primary is subtracted, as in the script. */
function podInterfaces(question: MaxPodsQuestion, notes: string[]): number {
  const { type, maxENI, customNetworking, securityGroupsForPods, unmanaged } = question
  const { maxEnis, isTrunkingCompatible } = limitsOf(type)
  if (maxENI !== undefined && maxENI < 1) {
    notes.push(
      `the CNI ignores MAX_ENI=${maxENI} and uses all ${maxEnis} ENIs; the formula does not`,
    )
  }
  const trunk = securityGroupsForPods === true && isTrunkingCompatible === true
  if (securityGroupsForPods === true && !trunk) {
    notes.push(`${type} is not known to carry a trunk ENI: no security groups for pods there`)
  }
  const taken = (customNetworking ? 1 : 0) + (trunk ? 1 : 0) + (unmanaged ?? 0)
  const left = Math.min(maxENI ?? maxEnis, maxEnis) - taken
  if (left <= 0) notes.push("no ENI is left for pods: only host-network pods can run")
  return Math.max(0, left)
}

/** Whether this CNI version has prefix delegation: 1.9 or later. Accepts `1.9`, `v1.18.0` and `1.9.0-eksbuild.1`. */
function prefixesSince19(version: string | undefined, notes: string[]): boolean {
  if (version === undefined) return true
  const match = /^v?(\d+)(?:\.(\d+)(?:\.\d+)?)?(?:-.*)?$/.exec(version.trim())
  if (match === null) throw fail("vpc/cni-version-malformed", { version })
  const major = Number(match[1])
  const minor = Number(match[2] ?? 0)
  const enough = major > 1 || (major === 1 && minor > 8)
  if (!enough) notes.push(`CNI ${version} has no prefix delegation: it came with 1.9`)
  return enough
}
