import { disjoint, type TrafficPolicy, usesMark } from "./traffic-policy.ts"

export const rulesetFamily = "ip"
export const rulesetTable = "berth"

/**
 * The policy as one nftables transaction that replaces Berth's own table and touches no other.
 *
 * Beside kube-proxy, in either mode, and iptables: what comes in to a node address is marked before their destination
 * NAT (priority -100), because afterwards it is a pod's address. What pods send is judged after it, in a filter chain
 * and not in a nat chain: a nat chain is skipped once another one has translated the connection, and two of equal
 * priority have no order. Source NAT comes after theirs (100), so their masquerading of their own traffic stands.
 */
export function nodeRuleset(policy: TrafficPolicy): string {
  const replace = `table ${rulesetFamily} ${rulesetTable}\ndelete table ${rulesetFamily} ${rulesetTable}\n`
  if (!usesMark(policy)) return replace
  const blocks = [
    ...(policy.externalSNAT ? [] : [insideSet(policy)]),
    ...(policy.nodePort ? [nodePortChain(policy)] : []),
    podChain(policy),
    restoreChain(policy),
    ...(policy.externalSNAT ? [] : [sourceNatChain(policy)]),
  ]
  return `${replace}table ${rulesetFamily} ${rulesetTable} {\n${blocks.map(indent).join("\n")}\n}\n`
}

/** Destinations that see the pod's own address. A block of 0.0.0.0/0 means every destination. */
function insideSet(policy: TrafficPolicy): string {
  const blocks = disjoint([...policy.vpcCIDRs, ...policy.excludedCIDRs])
  const elements = blocks.length === 0 ? "" : `\n  elements = { ${blocks.join(", ")} }`
  return `set inside {\n  type ipv4_addr\n  flags interval${elements}\n}`
}

/** Addresses of other links are no business of the primary ENI, even if they are local ("fib ... . iif"). */
const nodePortChain = (policy: TrafficPolicy): string => `chain node-port {
  type filter hook prerouting priority -150; policy accept;
  iifname "${policy.primaryLink}" ct direction original fib daddr . iif type local counter ct mark set ct mark or ${hex(policy.connmark)}
}`

function podChain(policy: TrafficPolicy): string {
  const pods = `iifname "${policy.vethPrefix}*"`
  const leaves = "ct state new ct direction original fib daddr type != local ip daddr != @inside"
  const mark = `counter ct mark set ct mark or ${hex(policy.connmark)}`
  return `chain from-pod {
  type filter hook prerouting priority -90; policy accept;
${policy.externalSNAT ? "" : `  ${pods} ${leaves} ${mark}\n`}  ${pods} goto restore-mark
  iifname "vlan*" goto restore-mark
}`
}

/** Connection mark to packet mark, without touching the bits of others: kube-proxy keeps its own there. */
const restoreChain = (policy: TrafficPolicy): string => `chain restore-mark {
  ct mark and ${hex(policy.connmark)} == ${hex(policy.connmark)} meta mark set meta mark or ${hex(policy.connmark)} return
  meta mark set meta mark and ${hex(~policy.connmark >>> 0)}
}`

/** Isolated pods ("vlan") keep their own address always. Linux 5.7 and later tell postrouting where a packet came in. */
const sourceNatChain = (policy: TrafficPolicy): string => `chain source-nat {
  type nat hook postrouting priority 110; policy accept;
  ip daddr @inside return
  iifname "vlan*" return
  oifname "vlan*" return
  fib daddr type local return
  counter snat to ${policy.nodeAddress}${randomizing[policy.randomize]}
}`

const randomizing: Record<TrafficPolicy["randomize"], string> = {
  prng: " fully-random",
  hashrandom: " random",
  none: "",
}

const hex = (value: number): string => `0x${value.toString(16)}`

const indent = (block: string): string => block.replaceAll(/^/gm, "  ")
