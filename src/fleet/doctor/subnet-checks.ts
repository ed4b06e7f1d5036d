import { formatCidr } from "../../vpc/cidr.ts"
import type { Subnet } from "../../vpc/model.ts"
import { bestReservation, type SubnetMap } from "../../vpc/subnet-map.ts"
import { isTrue } from "../facts/fleet-index.ts"
import type { Check, Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate, type Fix, plural } from "./finding.ts"
import { refusalFix } from "./refusal-fix.ts"
import { otherSubnetFix } from "./roomier-subnet.ts"

/** Subnets that pods' ENIs are made in now or next: named by an object, or the nodes' own without custom networking. */
export function* servingSubnets(examination: Examination): Iterable<Subnet> {
  const { aws, index, nodes, podSubnets } = examination
  const own = index.mode.customNetworking
    ? []
    : nodes.flatMap((node) => index.instanceOf(node)?.subnetId ?? [])
  const ids = new Set([...podSubnets.keys(), ...own])
  yield* aws.subnets.filter((subnet) => ids.has(subnet.id))
}

function* zonesWithoutSubnet(examination: Examination): Iterable<Symptom> {
  const { index, nodes, aws, podSubnets } = examination
  if (!index.mode.customNetworking) return
  const covered = new Set(aws.subnets.filter((s) => podSubnets.has(s.id)).map((s) => s.zone))
  const byZone = Map.groupBy(nodes, (node) => index.zoneOf(node))
  for (const [zone, here] of byZone) {
    if (covered.has(zone)) continue
    yield {
      object: `zone/${zone}`,
      says: `${plural(here.length, "node")} in ${zone}, and no ENIConfig or pool names a subnet there`,
      evidence: [enumerate(here.map((node) => node.name))],
      fix: {
        kind: "plan",
        says: "Create a pod subnet in the zone and an ENIConfig that names it; `berth plan` writes both.",
        command: "berth plan",
      },
    }
  }
}

const misplaced = new Set([
  "placement/zone-mismatch",
  "placement/vpc-mismatch",
  "placement/subnet-unknown",
  "placement/no-subnet",
])

/** Refusals with these codes, one symptom an object, with the nodes that it leaves without addresses. */
export function* refusedPlacements(
  examination: Examination,
  codes: ReadonlySet<string>,
): Iterable<Symptom> {
  const refused = examination.nodes.flatMap((node) => {
    const answer = examination.resolution(node)
    return answer !== undefined && !answer.ok && codes.has(answer.refusal.code)
      ? [{ node, answer }]
      : []
  })
  const byObject = Map.groupBy(refused, (r) => `${r.answer.object} ${r.answer.refusal.code}`)
  for (const group of byObject.values()) {
    const [first] = group
    if (first === undefined) continue
    const { object, refusal } = first.answer
    yield {
      object: object || `node/${first.node.name}`,
      says: refusal.message,
      evidence: [`${plural(group.length, "node")}: ${enumerate(group.map((r) => r.node.name))}`],
      fix: refusalFix(examination, first.node, first.answer),
    }
  }
}

function* routesDiffer(examination: Examination): Iterable<Symptom> {
  const { env, nodes, index, podSubnets, routeTableOf: tableOf } = examination
  const external = isTrue(env["AWS_VPC_K8S_CNI_EXTERNALSNAT"])
  const nodeSubnets = new Set(nodes.flatMap((node) => index.instanceOf(node)?.subnetId ?? []))
  const wanted = new Set(
    [...nodeSubnets].flatMap((id) => tableOf(id)?.routes.map((r) => r.destination) ?? []),
  )
  for (const id of podSubnets.keys()) {
    const table = tableOf(id)
    if (table === undefined) continue
    const dead = table.routes.filter((r) => r.blackhole)
    const lacking = external
      ? [...wanted].filter((to) => !table.routes.some((r) => r.destination === to))
      : []
    if (dead.length === 0 && lacking.length === 0) continue
    yield {
      object: `subnet/${id}`,
      says:
        lacking.length > 0
          ? `pods leave the VPC with their own address, and ${table.id} has no route to ${enumerate(lacking)}`
          : `${table.id} has a route that leads nowhere`,
      evidence: [
        ...dead.map((r) => `${table.id}: ${r.destination} -> ${r.target} (blackhole)`),
        ...(table.subnetIds.includes(id) ? [] : [`it uses the main table ${table.id}`]),
        ...lacking.map((to) => `the nodes' subnets have a route to ${to}`),
      ],
      fix: routesFix(examination, id, wanted),
    }
  }
}

/** The table of nodes that has all their routes, of the subnet's own zone where there is one: NAT gateways are zonal. */
function routesFix(examination: Examination, id: string, wanted: ReadonlySet<string>): Fix {
  const { aws, nodes, index, routeTableOf: tableOf } = examination
  const zone = aws.subnets.find((s) => s.id === id)?.zone
  const near = nodes.toSorted(
    (a, b) => Number(index.zoneOf(b) === zone) - Number(index.zoneOf(a) === zone),
  )
  const table = near
    .map((node) => tableOf(index.instanceOf(node)?.subnetId ?? ""))
    .find(
      (table) =>
        table?.routes.every((r) => !r.blackhole) &&
        [...wanted].every((to) => table.routes.some((r) => r.destination === to)),
    )
  if (table === undefined || table.id === tableOf(id)?.id)
    return {
      kind: "plan",
      says: "Replace the route that leads nowhere, or add the one that lacks.",
    }
  const association = `--query "RouteTables[].Associations[?SubnetId=='${id}'].RouteTableAssociationId" --output text`
  return {
    kind: "plan",
    says: `Let the pod subnet use ${table.id}, which has the nodes' routes.`,
    // A subnet that has a table of its own cannot be associated with another one besides.
    command: tableOf(id)?.subnetIds.includes(id)
      ? `aws ec2 replace-route-table-association --route-table-id ${table.id} --association-id $(aws ec2 describe-route-tables ${association})`
      : `aws ec2 associate-route-table --subnet-id ${id} --route-table-id ${table.id}`,
  }
}

/** TCP answers come back to ports of this range, whatever RANDOMIZESNAT chooses. */
const ephemeral = { from: 1024, to: 65535 }

function* aclsBlock({ aws, podSubnets }: Examination): Iterable<Symptom> {
  for (const acl of aws.networkAcls ?? []) {
    const subnets = acl.subnetIds.filter((id) => podSubnets.has(id))
    if (subnets.length === 0) continue
    const closed = (["ingress", "egress"] as const).filter((direction) => {
      const first = acl.entries.find(
        (e) =>
          e.direction === direction &&
          e.cidr === "0.0.0.0/0" &&
          (e.protocol === "-1" ||
            (e.protocol === "6" &&
              (e.fromPort ?? 0) <= ephemeral.from &&
              (e.toPort ?? 65535) >= ephemeral.to)),
      )
      return first?.allow !== true
    })
    if (closed.length === 0) continue
    yield {
      object: `acl/${acl.id}`,
      says: `the network ACL does not let TCP answers through (${closed.join(" and ")}, ports 1024-65535)`,
      evidence: [`subnets ${enumerate(subnets)}`],
      fix: { kind: "plan", says: "Allow ports 1024-65535 both ways, or use the default ACL." },
    }
  }
}

/** What one more node takes at once: an ENI with all its addresses, at the usual size. */
const oneMoreNode = 30

/** Nodes whose new ENIs come from the same subnets, with the pods on them that wait for an address. */
function placesOf({ nodes, addressedPods, resolution }: Examination) {
  const places = new Map<string, { object: string; subnets: readonly Subnet[]; stuck: number }>()
  for (const node of nodes) {
    const answer = resolution(node)
    if (!answer?.ok) continue
    const { object, subnets } = answer.placement
    const list = subnets.map((option) => option.subnet)
    const key = list.map((subnet) => subnet.id).join()
    const stuck = addressedPods(node).filter((p) => p.ip === undefined && !p.terminating).length
    const before = places.get(key)?.stuck ?? 0
    places.set(key, { object, subnets: list, stuck: before + stuck })
  }
  return [...places.values()]
}

function* runsOut(examination: Examination): Iterable<Symptom> {
  for (const { object, subnets, stuck } of placesOf(examination)) {
    const free = subnets.reduce((sum, subnet) => sum + subnet.availableAddresses, 0)
    if (free >= oneMoreNode && free >= stuck) continue
    const full = free < Math.max(1, stuck)
    const [first] = subnets
    const alone = subnets.length === 1 && first !== undefined
    const has = `${alone ? "the subnet has" : "its subnets have"} ${plural(free, "free address", "free addresses")}`
    yield {
      severity: full ? "blocking" : "risk",
      object: alone ? `subnet/${first.id}` : object,
      says: full
        ? `${has}${stuck > 0 ? `, and ${plural(stuck, "pod waits", "pods wait")} for one` : ""}`
        : `${has}: not enough for one more node`,
      evidence: [
        ...subnets.map((s) => `${s.id} (${s.cidr}, ${s.zone}): ${s.availableAddresses} free`),
        `used by ${object === "primary" ? "the nodes" : object}`,
      ],
      fix: {
        kind: "plan",
        says: "Add a subnet in the zone (a larger block, a second subnet of a SubnetPool); `berth plan` sizes it.",
        command: "berth plan",
      },
    }
  }
}

function* fragmented(examination: Examination): Iterable<Symptom> {
  const { index, subnetMap } = examination
  if (!index.mode.prefixDelegation) return
  for (const subnet of servingSubnets(examination)) {
    const map = subnetMap(subnet)
    if (map === undefined || map.freePrefixes > 1 || map.free < 16) continue
    const berth = index.snapshot.cluster.daemonSet?.berth === true
    yield {
      severity: berth ? "risk" : "blocking",
      object: `subnet/${subnet.id}`,
      says: `${map.free} addresses are free, and ${map.freePrefixes} whole /28 blocks: prefixes cannot be assigned${berth ? "; Berth assigns single addresses meanwhile" : ""}`,
      evidence: [
        `fragmentation ${Math.round(map.fragmentation * 100)} %, ${plural(map.blockers.length, "spoilt block")}`,
        ...map.blockers
          .slice(0, 3)
          .map((b) => `${formatCidr(b.block)}: ${b.used} used, by ${enumerate(b.interfaceIds)}`),
      ],
      fix: otherSubnet(examination, subnet) ?? reserve(subnet, map),
    }
  }
}

/** Ends it at once, where the zone has a subnet with whole blocks. */
function otherSubnet(examination: Examination, { id }: Subnet): Fix | undefined {
  const { nodes, resolution } = examination
  for (const node of nodes) {
    const answer = resolution(node)
    if (!answer?.ok || !answer.placement.subnets.some((option) => option.subnet.id === id)) continue
    return otherSubnetFix(examination, node, answer, { prefixes: true, needs: 16 })
  }
  return undefined
}

function reserve({ id }: Subnet, map: SubnetMap): Fix {
  const best = bestReservation(map, 26)
  return {
    kind: "plan",
    says: "Reserve a range for prefixes: as addresses in it are released its blocks become whole, and stay so.",
    ...(best && {
      command: `aws ec2 create-subnet-cidr-reservation --subnet-id ${id} --reservation-type prefix --cidr ${formatCidr(best.block)}`,
    }),
  }
}

const subnets = ["ec2:DescribeSubnets"] as const
const bound = [
  "nodes",
  "ec2:DescribeSubnets",
  "ec2:DescribeInstances",
  "eniconfigs.crd.k8s.amazonaws.com",
] as const

export const subnetChecks: readonly Check[] = [
  {
    id: "S01",
    title: "Every zone with nodes has a pod subnet",
    severity: "blocking",
    needs: bound,
    run: zonesWithoutSubnet,
  },
  {
    id: "S02",
    title: "Pod subnets exist, in the zone and VPC of their nodes",
    severity: "blocking",
    needs: bound,
    run: (examination) => refusedPlacements(examination, misplaced),
  },
  {
    id: "S03",
    title: "Pod subnets have the routes that pods need",
    severity: "wrong-network",
    needs: ["ec2:DescribeRouteTables", ...bound],
    run: routesDiffer,
  },
  {
    id: "S04",
    title: "Network ACLs let answers through",
    severity: "wrong-network",
    needs: ["ec2:DescribeNetworkAcls", ...subnets],
    run: aclsBlock,
  },
  {
    id: "S05",
    title: "Pod subnets have free addresses",
    severity: "blocking",
    needs: [...bound, "pods"],
    run: runsOut,
  },
  {
    id: "S06",
    title: "Pod subnets have whole /28 blocks",
    severity: "blocking",
    needs: [...bound, "ec2:DescribeNetworkInterfaces"],
    run: fragmented,
  },
]
