import { type Cidr, contains, formatCidr, parseCidr, sizeOfLength } from "../../vpc/cidr.ts"
import { type AssociationContext, checkAssociation, proposeBlocks } from "../../vpc/cidr-rules.ts"
import type { Subnet } from "../../vpc/model.ts"
import { firstBlock, type RangeSet, rangeOf, rangeSet, subtract } from "../../vpc/range-set.ts"
import type { Examination } from "../doctor/examination.ts"
import type { ChangeRequest } from "./change-request.ts"
import type { ZoneNeed } from "./zone-needs.ts"

export interface PlannedBlock {
  readonly cidr: string
  /** False when the VPC has it already. */
  readonly create: boolean
  readonly refusals: readonly string[]
  readonly warnings: readonly string[]
}

export interface PlannedSubnet {
  readonly zone: string
  readonly cidr: string
  /** Of an existing subnet. */
  readonly id?: string
  readonly usable: number
  readonly need: ZoneNeed
}

export interface SubnetLayout {
  readonly blocks: readonly PlannedBlock[]
  readonly subnets: readonly PlannedSubnet[]
  /** Zones for which no room was found. */
  readonly unplaced: readonly string[]
}

/** AWS keeps the first four addresses of a subnet and the last. */
const reserved = 5
/** A subnet gets at least twice what its zone needs, and not less than AWS's usual advice for pods. */
const headroom = 2
const usualLength = 19

/**
 * Where the pods of each zone will live: an idle subnet that is there, else a new one in an idle block that the VPC has,
 * else a new one in a new block.
 */
export function layOut(
  examination: Examination,
  needs: readonly ZoneNeed[],
  request: ChangeRequest,
): SubnetLayout {
  const context = associationContext(examination)
  const reused = needs.map((need) => ({ need, subnet: idleSubnet(examination, need) }))
  const existing = reused.flatMap(({ need, subnet }): PlannedSubnet[] => {
    const cidr = subnet && parseCidr(subnet.cidr)
    if (subnet === undefined || cidr === undefined) return []
    const { id, zone } = subnet
    return [{ zone, cidr: subnet.cidr, id, usable: sizeOfLength(cidr.length) - reserved, need }]
  })
  const missing = reused.flatMap(({ need, subnet }) => (subnet === undefined ? [need] : []))
  if (missing.length === 0) return { blocks: [], subnets: existing, unplaced: [] }

  const blocks = candidateBlocks(examination, context, request)
  const made = carve(missing, blocks, examination, request)
  const used = blocks.filter((b) => made.some((s) => within(b.cidr, s.cidr)))
  const wanted = request.block === undefined ? used : blocks
  const placed = new Set(made.map((s) => s.zone))
  return {
    blocks: wanted.map((b) => b.planned),
    subnets: [...existing, ...made],
    unplaced: missing.map((need) => need.zone).filter((zone) => !placed.has(zone)),
  }
}

/** Everything of the snapshot that a new block must not collide with. */
export function associationContext({ aws }: Examination): AssociationContext {
  const read = (text: string | undefined) => (text === undefined ? undefined : parseCidr(text))
  const listed = (aws.vpc?.cidrs ?? []).filter((c) => c.state !== "disassociated")
  const foreign = aws.routeTables.flatMap((t) => t.routes.filter((r) => r.target !== "local"))
  const routes = foreign.flatMap((r) => read(r.destination) ?? [])
  const service = read(aws.eks?.serviceCidr)
  const peers = (aws.peerings ?? []).flatMap((p) =>
    p.peerCidrs.flatMap((text) => {
      const cidr = read(text)
      return cidr === undefined ? [] : [{ block: cidr, what: `peering ${p.id}` }]
    }),
  )
  const routed = routes.filter((to) => to.length > 0).map((to) => ({ block: to, what: "a route" }))
  const services = service ? [{ block: service, what: "the cluster's services" }] : []
  const { blocksPerVpc } = aws.quotas ?? {}
  return {
    blocks: listed.flatMap((c) => read(c.cidr) ?? []),
    routes,
    avoid: [...services, ...peers, ...routed],
    pendingPeering: (aws.peerings ?? []).some((p) => p.status === "pending-acceptance"),
    ...(blocksPerVpc !== undefined && { quota: blocksPerVpc }),
  }
}

/** A subnet of the zone with room, in which nobody has an interface yet, or one that pods use already. */
function idleSubnet(
  { aws, interfacesIn, podSubnets }: Examination,
  need: ZoneNeed,
): Subnet | undefined {
  return aws.subnets
    .filter((s) => s.zone === need.zone && s.availableAddresses >= need.full)
    .filter((s) => podSubnets.has(s.id) || interfacesIn(s.id).length === 0)
    .sort(
      (a, b) =>
        Number(podSubnets.has(b.id)) - Number(podSubnets.has(a.id)) ||
        b.availableAddresses - a.availableAddresses,
    )[0]
}

interface Candidate {
  readonly cidr: Cidr
  readonly planned: PlannedBlock
}

/** Blocks to carve subnets from: the one asked for; else those of the VPC besides the first, then a proposed one. */
function candidateBlocks(
  { aws }: Examination,
  context: AssociationContext,
  request: ChangeRequest,
): Candidate[] {
  const asked = request.block === undefined ? undefined : parseCidr(request.block)
  const isOwn = (cidr: Cidr) =>
    context.blocks.some((b) => b.base === cidr.base && b.length === cidr.length)
  if (asked !== undefined) {
    const verdict = isOwn(asked) ? { refusals: [], warnings: [] } : checkAssociation(asked, context)
    const { refusals, warnings } = verdict
    return [
      {
        cidr: asked,
        planned: { cidr: formatCidr(asked), create: !isOwn(asked), refusals, warnings },
      },
    ]
  }
  const associated = (aws.vpc?.cidrs ?? []).slice(1).filter((c) => c.state === "associated")
  const own = associated.flatMap((c) => parseCidr(c.cidr) ?? [])
  const proposed = proposeBlocks(16, 1, context)
  const refusals =
    context.blocks.length >= (context.quota ?? 5)
      ? checkAssociation(proposed[0] ?? { base: 0, length: 16 }, context).refusals
      : []
  return [
    ...own.map((cidr) => ({
      cidr,
      planned: { cidr: formatCidr(cidr), create: false, refusals: [], warnings: [] },
    })),
    ...proposed.map((cidr) => ({
      cidr,
      planned: { cidr: formatCidr(cidr), create: true, refusals, warnings: [] },
    })),
  ]
}

function carve(
  needs: readonly ZoneNeed[],
  blocks: readonly Candidate[],
  { aws }: Examination,
  request: ChangeRequest,
): PlannedSubnet[] {
  const taken = rangeSet(aws.subnets.flatMap((s) => parseCidr(s.cidr) ?? []).map(rangeOf))
  const free = new Map<Candidate, RangeSet>(
    blocks.map((b) => [b, subtract([rangeOf(b.cidr)], taken)]),
  )
  return needs.flatMap((need): PlannedSubnet[] => {
    for (const block of blocks) {
      const length = request.subnetLength ?? lengthFor(need, block.cidr, needs.length)
      const ranges = free.get(block) ?? []
      const cidr = firstBlock(ranges, length)
      if (cidr === undefined) continue
      free.set(block, subtract(ranges, [rangeOf(cidr)]))
      return [
        { zone: need.zone, cidr: formatCidr(cidr), usable: sizeOfLength(length) - reserved, need },
      ]
    }
    return []
  })
}

/** A /19, or larger where the zone needs more; smaller where a block has to serve all zones. At most a /16. */
function lengthFor(need: ZoneNeed, block: Cidr, zones: number): number {
  let length = usualLength
  while (length > 16 && sizeOfLength(length) - reserved < need.full * headroom) length--
  return Math.min(28, Math.max(length, block.length + Math.ceil(Math.log2(zones))))
}

const within = (outer: Cidr, text: string) => {
  const inner = parseCidr(text)
  return inner !== undefined && contains(outer, inner)
}
