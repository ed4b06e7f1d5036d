import type { Resolution } from "../../placement/resolve.ts"
import type { Subnet } from "../../vpc/model.ts"
import type { NodeFacts } from "../snapshot.ts"
import type { Examination } from "./examination.ts"
import type { Fix } from "./finding.ts"

/** What a subnet must have to be of use. */
export interface Room {
  /** Whole /28 blocks are wanted. */
  readonly prefixes: boolean
  /** Free addresses. */
  readonly needs: number
}

/** The subnet of the node's zone and VPC with the most room, that is not a node's own. */
export function roomierSubnet(
  { aws, index, nodes, subnetMap }: Examination,
  node: NodeFacts,
  room: Room = { prefixes: false, needs: 0 },
): Subnet | undefined {
  const own = new Set(nodes.flatMap((n) => index.instanceOf(n)?.subnetId ?? []))
  const instance = index.instanceOf(node)
  return aws.subnets
    .filter((s) => s.zone === index.zoneOf(node) && s.vpcId === instance?.vpcId && !own.has(s.id))
    .filter((s) => s.availableAddresses >= room.needs)
    .filter((s) => !room.prefixes || (subnetMap(s)?.freePrefixes ?? 0) > 0)
    .sort((a, b) => b.availableAddresses - a.availableAddresses)[0]
}

/** Moves new pods to a subnet that has room: what a used-up placement is changed to. Undefined when there is none. */
export function otherSubnetFix(
  examination: Examination,
  node: NodeFacts,
  resolution: Resolution | undefined,
  room: Room,
): Fix | undefined {
  if (!resolution?.ok) return undefined
  const { object, subnets } = resolution.placement
  const subnet = roomierSubnet(examination, node, room)
  if (subnet === undefined || subnets.some((option) => option.subnet.id === subnet.id))
    return undefined
  const [kind, name = ""] = object.split("/")
  const has = `${subnet.id} (${subnet.cidr}) has ${subnet.availableAddresses} free addresses`
  if (kind === "ENIConfig")
    return {
      kind: "plan",
      says: `Let new pods use another subnet of the zone: ${has}. Check first that nobody keeps it for something else.`,
      command: patchEniConfig(name, { subnet: subnet.id }),
    }
  if (kind !== "SubnetPool") return undefined
  const patch = JSON.stringify([{ op: "add", path: "/spec/subnets/-", value: { id: subnet.id } }])
  return {
    kind: "plan",
    says: `Add another subnet of the zone to the pool: ${has}. Check first that nobody keeps it for something else.`,
    command: `kubectl patch subnetpool ${name} --type json -p '${patch}'`,
  }
}

export const patchEniConfig = (name: string, spec: object): string =>
  `kubectl patch eniconfig ${name} --type merge -p '${JSON.stringify({ spec })}'`
