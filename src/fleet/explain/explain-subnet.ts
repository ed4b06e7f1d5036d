import { parseCidr, sizeOf } from "../../vpc/cidr.ts"
import type { NetworkInterface, Subnet } from "../../vpc/model.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { Explanation } from "./explanation.ts"

/** First four and the last address of a subnet belong to AWS. */
const reservedAddresses = 5
const prefixAddresses = 16
const holdersMost = 10

/** Who holds a subnet's addresses, and which objects send pods there. */
export function explainSubnet(index: FleetIndex, subnet: Subnet): Explanation {
  const { cluster, aws } = index.snapshot
  const interfaces = (aws?.interfaces ?? []).filter((i) => i.subnetId === subnet.id)
  const nodeOf = new Map(cluster.nodes.map((n) => [index.instanceOf(n)?.id ?? "", n.name]))
  const users = [
    ...cluster.eniConfigs
      .filter((c) => c.spec?.subnet === subnet.id)
      .map((c) => `ENIConfig/${c.metadata.name}`),
    ...cluster.subnetPools
      .filter((p) => p.status?.subnets.some((s) => s.id === subnet.id))
      .map((p) => `SubnetPool/${p.metadata.name}`),
  ]
  const own = cluster.nodes.some((node) => index.instanceOf(node)?.subnetId === subnet.id)
  const usedBy = [...users, ...(own ? ["the nodes"] : [])]
  const total = sizeOf(parseCidr(subnet.cidr) ?? { base: 0, length: 32 }) - reservedAddresses
  const holders = Map.groupBy(interfaces, (i) => holderName(i, nodeOf))
  const ranked = [...holders]
    .map(([name, list]) => ({
      name,
      held: list.reduce((n, i) => n + addressesOf(i), 0),
      enis: list.length,
    }))
    .sort((a, b) => b.held - a.held)
  return {
    object: `subnet ${subnet.id}`,
    ok: subnet.availableAddresses > 0,
    answer:
      subnet.availableAddresses > 0
        ? `${subnet.availableAddresses} of ${total} addresses are free`
        : "it is full: no address is free",
    ...(subnet.availableAddresses > 0
      ? {}
      : {
          hint:
            users.length > 0
              ? `Point ${users[0]} to another subnet, or add one; existing pods keep their addresses.`
              : "Free addresses, or use another subnet.",
        }),
    facts: [
      { name: "zone", value: subnet.zone },
      { name: "CIDR", value: subnet.cidr },
      { name: "used by", value: usedBy.join(", ") || "no ENIConfig or SubnetPool" },
      { name: "interfaces", value: String(interfaces.length) },
    ],
    trace: ranked.slice(0, holdersMost).map((h) => ({
      subject: h.name,
      verdict: "noted",
      why: `${h.held} addresses on ${h.enis} ${h.enis === 1 ? "interface" : "interfaces"}`,
    })),
  }
}

const addressesOf = (i: NetworkInterface) =>
  1 + i.addresses.length + prefixAddresses * i.prefixes.length

function holderName(i: NetworkInterface, nodeOf: ReadonlyMap<string, string>): string {
  const node = nodeOf.get(i.attachment?.instanceId ?? "")
  if (node !== undefined) return `node ${node}`
  return i.description === "" ? i.type : i.description.slice(0, 40)
}
