import type { SubnetPool, SubnetTerm } from "../api/subnetpool.ts"
import { fail } from "../errors/catalogue.ts"
import { contains, parseCidr } from "../vpc/cidr.ts"
import type { Subnet } from "../vpc/model.ts"
import type { SubnetOption } from "./placement.ts"
import { type Read, readable } from "./read.ts"
import { tagsMatch } from "./tags.ts"
import type { TraceStep } from "./trace.ts"

interface Context {
  readonly object: string
  readonly node: { readonly name: string; readonly zone: string; readonly vpcId: string }
  readonly sources: {
    readonly subnet: (id: string) => Read<Subnet>
    readonly subnets: Read<readonly Subnet[]>
  }
  readonly trace: TraceStep[]
}

/** The subnet an object names by id, when the node's ENIs can live in it; throws the refusal. */
export function checkSubnet(id: string, at: Context): Subnet {
  const { node, object } = at
  const subnet = readable(`subnet ${id}`, at.sources.subnet(id))
  if (subnet === undefined) throw fail("placement/subnet-unknown", { subnet: id, object })
  if (subnet.vpcId !== node.vpcId) {
    const { vpcId: subnetVpc } = subnet
    throw fail("placement/vpc-mismatch", { subnet: id, subnetVpc, vpc: node.vpcId, object })
  }
  if (subnet.zone !== node.zone) {
    const where = { subnetZone: subnet.zone, node: node.name, nodeZone: node.zone }
    throw fail("placement/zone-mismatch", { subnet: id, ...where, object })
  }
  return subnet
}

/**
 * The subnets of the node's zone that a pool selects, in the order of its terms, then of their ids; a subnet that
 * several terms select follows the first. Subnets of other zones serve other nodes and are passed over.
 */
export function subnetsOfPool(pool: SubnetPool, at: Context): readonly SubnetOption[] {
  const { node, trace, object } = at
  const all = readable("the subnets of the VPC", at.sources.subnets) ?? []
  const options = new Map<string, SubnetOption>()
  for (const [index, term] of pool.spec.subnets.entries()) {
    const matching = all.filter((s) => s.vpcId === node.vpcId && termSelects(term, s))
    const subject = `${object} term ${index + 1}`
    const here = matching.filter((s) => s.zone === node.zone).sort(byId)
    const elsewhere = matching.length - here.length
    const why = `selects ${here.length} in ${node.zone}, ${elsewhere} in other zones`
    trace.push({ subject, verdict: here.length > 0 ? "noted" : "passed over", why })
    for (const subnet of here) {
      if (options.has(subnet.id)) continue
      const option = { subnet, weight: term.weight ?? 1, reserve: term.reserve ?? 0 }
      options.set(subnet.id, option)
      trace.push({ subject: subnet.id, verdict: "chosen", why: `${subnet.cidr} in ${subnet.zone}` })
    }
  }
  if (options.size > 0) return [...options.values()]
  const why = "none of its terms selects one there"
  throw fail("placement/no-subnet", { object, zone: node.zone, why })
}

/** A term says exactly one of id, tags and cidr; an empty one selects nothing rather than everything. */
export function termSelects(term: SubnetTerm, subnet: Subnet): boolean {
  if (term.id !== undefined) return term.id === subnet.id
  if (term.cidr !== undefined) {
    const block = parseCidr(term.cidr)
    const own = parseCidr(subnet.cidr)
    return block !== undefined && own !== undefined && contains(block, own)
  }
  const tags = Object.keys(term.tags ?? {}).length > 0 ? term.tags : undefined
  return tags !== undefined && tagsMatch(tags, subnet.tags)
}

const byId = (a: Subnet, b: Subnet) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
