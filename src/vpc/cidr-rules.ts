import { type Cidr, contains, formatCidr, overlaps, parseCidr } from "./cidr.ts"
import { blocksIn, rangeOf, rangeSet, subtract } from "./range-set.ts"

/** What is known of a VPC when a block is to be associated with it. */
export interface AssociationContext {
  /** Every block of the VPC, the primary first. */
  readonly blocks: readonly Cidr[]
  /** Destinations in the VPC's route tables. */
  readonly routes?: readonly Cidr[]
  /** Quota L-83CA0A9D, IPv4 blocks per VPC: 5 unless raised, 50 at most. */
  readonly quota?: number
  /** A peering connection that the VPC requested waits to be accepted: nothing can be associated meanwhile. */
  readonly pendingPeering?: boolean
  /** What the block must not collide with though AWS would let it: peers, on-premises, service CIDR, other clusters. */
  readonly avoid?: readonly { readonly block: Cidr; readonly what: string }[]
}

export interface AssociationVerdict {
  /** Whether AWS would accept the block. */
  readonly allowed: boolean
  /** Why not; each is a sentence. */
  readonly refusals: readonly string[]
  /** What would go wrong although AWS accepts it. */
  readonly warnings: readonly string[]
}

const block = (text: string): Cidr => {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new Error(`${text} is not a CIDR block`)
  return cidr
}

const ten = block("10.0.0.0/8")
const oneSevenTwo = block("172.16.0.0/12")
const oneNineTwo = block("192.168.0.0/16")
const benchmark = block("198.19.0.0/16")
const sharedSpace = block("100.64.0.0/10")
const private_ = [ten, oneSevenTwo, oneNineTwo]

/**
 * "IPv4 CIDR block association restrictions" of the VPC user guide: a VPC that has a block in `has` may not add one in
 * `not`. A block in none of the first four is a public one, or of 100.64.0.0/10.
 */
const restrictions: readonly { readonly has: Cidr; readonly not: readonly Cidr[] }[] = [
  { has: ten, not: [oneSevenTwo, oneNineTwo, benchmark] },
  // The /15 is AWS's own wording: with a block of it, nothing of the first /16 can be added.
  { has: block("10.0.0.0/15"), not: [block("10.0.0.0/16")] },
  { has: oneSevenTwo, not: [ten, oneNineTwo, block("172.31.0.0/16"), benchmark] },
  { has: oneNineTwo, not: [ten, oneSevenTwo, benchmark] },
  { has: benchmark, not: private_ },
]
const elsewhere: readonly Cidr[] = [...private_, benchmark]

/** Ranges that no VPC can use. */
const unusable: readonly { readonly block: Cidr; readonly why: string }[] = [
  { block: block("169.254.0.0/16"), why: "link-local" },
  { block: block("0.0.0.0/8"), why: "this network" },
  { block: block("127.0.0.0/8"), why: "loopback" },
  { block: block("224.0.0.0/3"), why: "multicast and reserved" },
]

const docker = block("172.17.0.0/16")
const defaultQuota = 5

/** Whether a block may be associated with a VPC, by every rule that AWS documents. Rules hold for each block it has. */
export function checkAssociation(candidate: Cidr, context: AssociationContext): AssociationVerdict {
  const { blocks, routes = [], quota = defaultQuota } = context
  const name = formatCidr(candidate)
  const refusals: string[] = []
  if (candidate.length < 16 || candidate.length > 28) {
    refusals.push(`${name} is not between /16 and /28`)
  }
  for (const range of unusable.filter((r) => overlaps(r.block, candidate))) {
    refusals.push(`${name} overlaps ${formatCidr(range.block)}, which is ${range.why}`)
  }
  for (const own of blocks.filter((b) => overlaps(b, candidate))) {
    refusals.push(`${name} overlaps ${formatCidr(own)} of the VPC`)
  }
  for (const own of blocks) {
    const not = forbiddenBeside(own).find((range) => overlaps(range, candidate))
    if (not !== undefined) {
      refusals.push(`a VPC with ${formatCidr(own)} cannot have a block of ${formatCidr(not)}`)
    }
  }
  for (const destination of routes.filter((route) => contains(candidate, route))) {
    refusals.push(`${name} is as large as or larger than the route to ${formatCidr(destination)}`)
  }
  if (blocks.length >= quota) {
    refusals.push(`the VPC has ${blocks.length} blocks, and its quota is ${quota}`)
  }
  if (context.pendingPeering) refusals.push("a peering connection waits to be accepted")
  return { allowed: refusals.length === 0, refusals, warnings: warningsFor(candidate, context) }
}

function forbiddenBeside(own: Cidr): readonly Cidr[] {
  const known = restrictions.filter(({ has }) => contains(has, own))
  return known.length > 0 ? known.flatMap(({ not }) => not) : elsewhere
}

function warningsFor(candidate: Cidr, { avoid = [] }: AssociationContext): string[] {
  const collisions = avoid.filter((entry) => overlaps(entry.block, candidate))
  const warnings = collisions.map(({ block: b, what }) => `${formatCidr(b)} is used by ${what}`)
  if (overlaps(docker, candidate)) {
    warnings.push("172.17.0.0/16 is Docker's default bridge, and used by Cloud9 and SageMaker")
  }
  return warnings
}

/**
 * The first blocks of this length that may be associated and collide with nothing known, at most `count`: from
 * 100.64.0.0/10, which every VPC may add, then from the private ranges. They do not overlap each other.
 */
export function proposeBlocks(length: number, count: number, context: AssociationContext): Cidr[] {
  const avoided = (context.avoid ?? []).map((entry) => entry.block)
  const taken = [...context.blocks.flatMap((b) => [b, ...forbiddenBeside(b)]), ...avoided, docker]
  const found: Cidr[] = []
  for (const source of [sharedSpace, ...private_]) {
    const free = subtract([rangeOf(source)], rangeSet(taken.map(rangeOf)))
    for (const candidate of blocksIn(free, length)) {
      if (found.length >= count) return found
      const { allowed } = checkAssociation(candidate, {
        ...context,
        quota: Number.POSITIVE_INFINITY,
      })
      if (allowed) found.push(candidate)
    }
  }
  return found
}
