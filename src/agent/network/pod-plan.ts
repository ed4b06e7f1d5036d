import type { Change, NetNamespace } from "../../kernel/kernel.ts"
import { mainTable, rulePriority } from "./tables.ts"
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
  const { interfaceName: link, address, mtu } = attachment
  return {
    veth: {
      do: "addVeth",
      name: hostVeth,
      mac: mac.host,
      mtu,
      alias: vethAlias(attachment),
      peer: { name: link, mac: mac.pod, in: pod },
    },
    host: [
      // No router advertisement or redirect of a pod may reach the host, and nothing goes there by IPv6 (CVE-2020-10749).
      { do: "sysctl", key: `net/ipv6/conf/${hostVeth}/disable_ipv6`, value: "1", optional: true },
      { do: "setLink", name: hostVeth, up: true },
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
  return [
    { do: "putRoute", route: { to, link: hostVeth, table: mainTable, scope: "link" } },
    ...podRules(attachment).map((rule): Change => ({ do: "putRule", rule })),
  ]
}

/** A pod on the primary ENI needs no from-rule: main is where its packets end up anyway. */
export function podRules(attachment: Pick<PodAttachment, "address" | "table">) {
  const pod = `${attachment.address}/32`
  const toPod = { priority: rulePriority.toPod, to: pod, table: mainTable }
  if (attachment.table === mainTable) return [toPod]
  return [toPod, { priority: rulePriority.fromPod, from: pod, table: attachment.table }]
}
