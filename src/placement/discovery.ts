import { fail } from "../errors/catalogue.ts"
import type { Subnet, Tags } from "../vpc/model.ts"
import type { SubnetOption } from "./placement.ts"
import { type Read, readable } from "./read.ts"
import type { TraceStep } from "./trace.ts"

const roleTag = "kubernetes.io/role/cni"
const clusterTagPrefix = "cni.networking.k8s.aws/cluster/"

interface Context {
  readonly node: {
    readonly zone: string
    readonly vpcId: string
    readonly primary: { readonly subnetId: string }
  }
  readonly mode: { readonly clusterName?: string }
  readonly sources: { readonly subnets: Read<readonly Subnet[]> }
  readonly trace: TraceStep[]
}

/**
 * Subnet discovery as the original does it without custom networking (ENABLE_SUBNET_DISCOVERY): the primary ENI's
 * subnet, and those of the node's zone that are tagged for the CNI. The value "0" excludes a subnet, the primary's too.
 */
export function discoveredSubnets(at: Context): readonly SubnetOption[] {
  const { node, trace } = at
  const all = readable("the subnets of the VPC", at.sources.subnets) ?? []
  const here = all.filter((s) => s.vpcId === node.vpcId && s.zone === node.zone)
  const options = here.flatMap((subnet): SubnetOption[] => {
    const isPrimary = subnet.id === node.primary.subnetId
    const refusal = whyNot(subnet.tags, isPrimary, at.mode.clusterName)
    if (refusal === untagged) return []
    const why = refusal ?? (isPrimary ? "the primary ENI's subnet" : `tagged ${roleTag}`)
    trace.push({ subject: subnet.id, verdict: refusal === undefined ? "chosen" : "refused", why })
    return refusal === undefined ? [{ subnet, weight: 1, reserve: 0 }] : []
  })
  if (options.length > 0) return options
  const why = `the primary ENI's is excluded, and none is tagged ${roleTag}`
  throw fail("placement/no-subnet", { object: "subnet discovery", zone: node.zone, why })
}

const untagged = "not tagged"

function whyNot(
  tags: Tags,
  isPrimary: boolean,
  clusterName: string | undefined,
): string | undefined {
  const role = tags[roleTag]
  if (role === "0") return `tagged ${roleTag}=0`
  if (!role && !isPrimary) return untagged
  const clusters = Object.keys(tags).filter((key) => key.startsWith(clusterTagPrefix))
  // Without a name the original does not look at these tags.
  const foreign = clusters.length > 0 && !clusters.includes(`${clusterTagPrefix}${clusterName}`)
  return role && clusterName && foreign ? `tagged for another cluster (${clusters[0]})` : undefined
}
