import type { Change, NetNamespace, Rule } from "../../kernel/kernel.ts"
import { type BranchLink, planBranch } from "./branch-link.ts"
import { isolatedTableOf, mainTable, rulePriority } from "./tables.ts"
import { type Sandbox, vethAlias, vethMacs } from "./veth-name.ts"

/** One pod's interface: whose it is, and what it is to look like. */
export interface PodAttachment extends Sandbox {
  /** CNI_NETNS. */
  readonly netns: string
  readonly address: string
  /** Routing table of the ENI that the address belongs to (tableOf); main for the primary ENI. */
  readonly table: number
  readonly mtu: number
  /** AWS_VPC_K8S_CNI_VETHPREFIX. */
  readonly vethPrefix: string
  /**
   * All its traffic passes by its ENI and so its security groups, also that to and from this node and the pods on it
   * (POD_SECURITY_GROUP_ENFORCING_MODE=strict). Needs an ENI of its own kind: not the primary one.
   */
  readonly isolated?: boolean
  /** The pod has an ENI of its own, a branch of the trunk; `table` is the branch's. */
  readonly branch?: BranchLink
}

/** The pair, then the rest on the host, then what is done in the pod's namespace. */
export interface PodPlan {
  readonly veth: Change & { readonly do: "addVeth" }
  readonly host: readonly Change[]
  readonly pod: readonly Change[]
}

/** The router that pods see: link-local, the same on every node, and answered by nobody but a permanent neighbour entry. */
const gateway = "169.254.1.1"

/** What to do to attach a pod through the host link `hostVeth`, the peer being born in `pod`. */
export function planPod(attachment: PodAttachment, hostVeth: string, pod: NetNamespace): PodPlan {
  const mac = vethMacs(attachment)
  const { interfaceName: link, address, mtu, branch } = attachment
  const alias = vethAlias(attachment)
  return {
    veth: {
      do: "addVeth",
      name: hostVeth,
      mac: mac.host,
      mtu,
      peer: { name: link, mac: mac.pod, in: pod },
    },
    host: [
      ...(branch ? planBranch(branch, { mtu, alias, isolated: isIsolated(attachment) }) : []),
      // No router advertisement or redirect of a pod may reach the host, and nothing goes there by IPv6 (CVE-2020-10749).
      { do: "sysctl", key: `net/ipv6/conf/${hostVeth}/disable_ipv6`, value: "1", optional: true },
      { do: "setLink", name: hostVeth, up: true, alias },
      ...hostRouting(attachment, hostVeth),
    ],
    pod: [
      { do: "setLink", name: link, up: true },
      { do: "putAddress", link, address: `${address}/32` },
      {
        do: "putRoute",
        route: { to: `${gateway}/32`, link, table: mainTable, scope: "link" },
      },
      { do: "putRoute", route: { to: "0.0.0.0/0", via: gateway, link, table: mainTable } },
      { do: "putNeighbour", neighbour: { link, address: gateway, mac: mac.host } },
    ],
  }
}

/** How the host reaches the pod, and by which ENI the pod's packets leave. */
function hostRouting(attachment: PodAttachment, hostVeth: string): Change[] {
  const to = `${attachment.address}/32`
  const { table } = attachment
  const isolated = isIsolated(attachment)
  // Neighbours on the same ENI have the same groups, and the VPC would not send their packets back by it.
  const tables = isolated ? [isolatedTableOf(table), table] : [mainTable]
  return [
    // The node itself has no direct way to an isolated pod, so "the way back" is another link than this one.
    ...(isolated
      ? [{ do: "sysctl", key: `net/ipv4/conf/${hostVeth}/rp_filter`, value: "2" } as const]
      : []),
    ...tables.map(
      (table): Change => ({
        do: "putRoute",
        route: { to, link: hostVeth, table, scope: "link" },
      }),
    ),
    ...podRules(attachment, hostVeth).map((rule): Change => ({ do: "putRule", rule })),
  ]
}

/** The primary ENI is the node's own way to the VPC: nothing can be told apart there. */
export const isIsolated = ({
  isolated,
  table,
}: Pick<PodAttachment, "table" | "isolated">): boolean => isolated === true && table !== mainTable

/** A pod on the primary ENI needs no from-rule: main is where its packets end up anyway. */
export function podRules(
  attachment: Pick<PodAttachment, "address" | "table" | "isolated">,
  hostVeth: string,
): Rule[] {
  const { address, table } = attachment
  // By the link and not by the address: whether a packet came by the right link is judged by the way back (rp_filter),
  // for which the kernel asks as the host, and a rule on the address would change what other pods' packets are told.
  if (isIsolated(attachment))
    return [{ priority: rulePriority.fromIsolated, incoming: hostVeth, table }]
  const pod = `${address}/32`
  const toPod = { priority: rulePriority.toPod, to: pod, table: mainTable }
  if (table === mainTable) return [toPod]
  return [toPod, { priority: rulePriority.fromPod, from: pod, table }]
}
