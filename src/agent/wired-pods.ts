import { nodePlacement } from "../api/nodenetwork.ts"
import { branchPlacement } from "../ipam/held.ts"
import type { Link, NetNamespace } from "../kernel/kernel.ts"
import type { Attachment } from "./book-record.ts"
import { vlanOfTable } from "./network/branch-link.ts"
import { isolatedVethPrefix, mainTable, rulePriority } from "./network/tables.ts"
import { ownerOf } from "./network/veth-name.ts"

/** The name of the network in the CNI configuration that Berth installs. */
const network = "aws-cni"

/**
 * The pods that the kernel shows to be wired by Berth, told by the mark on their links. What the journal lacks of them,
 * because it was damaged or its folder was emptied under running pods, is made good from here: their addresses would
 * otherwise be handed out again. Cost: a dump of links, routes and rules.
 */
export function findWiredPods(host: NetNamespace): Attachment[] {
  const addresses = new Map<string, string>()
  // Isolated pods have their route in tables of their ENI.
  for (const { link, to } of host.routes()) {
    if (link && to.endsWith("/32")) addresses.set(link, to.slice(0, -3))
  }
  const tables = new Map(
    host
      .rules()
      .filter(({ priority: p }) => p === rulePriority.fromPod || p === rulePriority.fromIsolated)
      .map((rule) => [rule.from ?? rule.incoming, rule.table]),
  )
  return host.links().flatMap((link): Attachment[] => {
    const owner = ownerOf(link.alias)
    const address = addresses.get(link.name)
    // A link that is shut is one of a pod that is gone.
    if (link.kind !== "veth" || !owner || !address || !link.up) return []
    const table = tables.get(`${address}/32`) ?? tables.get(link.name) ?? mainTable
    const vlan = vlanOfTable(table)
    const held = {
      key: { network, containerID: owner.containerId, ifName: owner.interfaceName },
      pod: podOf(link),
      placement: vlan ? branchPlacement : nodePlacement,
      address,
      interfaceID: "",
      assignedAt: 0,
    }
    const vethPrefix = link.name.slice(0, -hashLength)
    const isolated = vethPrefix === isolatedVethPrefix && { isolated: true }
    // What more there is to know of a branch only an ADD needs.
    const branch = vlan && { branch: { vlan, mac: "", subnetCIDR: "", trunk: "" } }
    const wiring = { netns: "", table, mtu: link.mtu, vethPrefix, ...isolated, ...branch }
    return [{ held, wiring }]
  })
}

/** Letters of the hash in a veth's name (network/veth-name.ts). */
const hashLength = 11

function podOf(link: Link) {
  const [, , , text = ""] = link.alias?.split(" ") ?? []
  const [namespace = "", name = ""] = text.split("/")
  return { namespace, name }
}
