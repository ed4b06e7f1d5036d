import type { Rule } from "../../kernel/kernel.ts"
import { contains, formatCidr, parseCidr } from "../../vpc/cidr.ts"
import { mainTable, rulePriority } from "./tables.ts"

/** How traffic of pods that leaves the VPC, and traffic that comes in to the node's own address, is led. */
export interface TrafficPolicy {
  /** Every block of the VPC: inside it pods keep their address. */
  readonly vpcCIDRs: readonly string[]
  /** AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS. */
  readonly excludedCIDRs: readonly string[]
  /** AWS_EXTERNAL_SERVICE_CIDRS. */
  readonly externalServiceCIDRs: readonly string[]
  /** AWS_VPC_K8S_CNI_EXTERNALSNAT: pods leave the VPC by their own ENI, with their own address. */
  readonly externalSNAT: boolean
  /** AWS_VPC_K8S_CNI_RANDOMIZESNAT. */
  readonly randomize: "prng" | "hashrandom" | "none"
  /** AWS_VPC_CNI_NODE_PORT_SUPPORT. */
  readonly nodePort: boolean
  /** AWS_VPC_K8S_CNI_CONNMARK: bits of packet and connection mark, set or unset together. */
  readonly connmark: number
  /** AWS_VPC_K8S_CNI_VETHPREFIX. */
  readonly vethPrefix: string
  /** Link and address of the primary ENI. */
  readonly primaryLink: string
  readonly nodeAddress: string
}

/** The routing rules that the policy needs, besides those of pods and ENIs. */
export function trafficRules(policy: TrafficPolicy): Rule[] {
  const mark = { value: policy.connmark, mask: policy.connmark }
  const marked: Rule = { priority: rulePriority.mark, mark, table: mainTable }
  return [
    ...(usesMark(policy) ? [marked] : []),
    ...disjoint(policy.externalServiceCIDRs).map(
      (to): Rule => ({ priority: rulePriority.externalService, to, table: mainTable }),
    ),
  ]
}

/** Rules of an earlier policy that this one does not have. Only what has the shape of Berth's own is counted. */
export function staleTrafficRules(rules: readonly Rule[], policy: TrafficPolicy): Rule[] {
  const wanted = new Set(trafficRules(policy).map(ruleKey))
  const isMarkRule = (r: Rule) =>
    r.priority === rulePriority.mark && r.mark !== undefined && r.mark.value === r.mark.mask
  const isServiceRule = (r: Rule) =>
    r.priority === rulePriority.externalService && r.to !== undefined
  return rules
    .filter((r) => r.table === mainTable && r.from === undefined && r.incoming === undefined)
    .filter((r) => (isMarkRule(r) || isServiceRule(r)) && !wanted.has(ruleKey(r)))
}

/** Marks lead packets to the primary ENI: answers of NodePorts, and what leaves the VPC with the node's address. */
export const usesMark = (policy: TrafficPolicy): boolean => policy.nodePort || !policy.externalSNAT

/** Sorted, without blocks that lie in another one: nftables refuses overlapping intervals. */
export function disjoint(cidrs: readonly string[]): string[] {
  const blocks = cidrs
    .map(parseCidr)
    .filter((block) => block !== undefined)
    .sort((a, b) => a.length - b.length || a.base - b.base)
  const kept = blocks.filter(
    (block, i) => !blocks.some((other, j) => j < i && contains(other, block)),
  )
  return kept.sort((a, b) => a.base - b.base).map(formatCidr)
}

const ruleKey = (rule: Rule): string => JSON.stringify([rule.priority, rule.to, rule.mark])
