import type { Ec2 } from "../../ec2/ec2.ts"
import type { AwsFacts, ClusterFacts, Unread } from "../../fleet/snapshot.ts"
import type { Vpc } from "../../vpc/model.ts"
import type { AwsExtras } from "./aws-extras.ts"

/** EC2 takes at most this many ids in one Describe call's filter-free form without paging trouble. */
const idsMost = 200

/**
 * Reads what the checks need of AWS, with describe calls alone. Each call that fails is noted by name and leaves its
 * part empty, so a missing permission costs the checks that need it and nothing else.
 */
export async function readAws(
  region: string,
  cluster: ClusterFacts,
  ec2: Ec2,
  extras: AwsExtras,
): Promise<{ aws: AwsFacts; unread: Unread[] }> {
  const unread: Unread[] = []
  const attempt = async <T>(what: string, read: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read()
    } catch (error) {
      unread.push({ what, why: error instanceof Error ? error.message : String(error) })
      return otherwise
    }
  }
  const ids = cluster.nodes.map((n) => instanceId(n.providerID)).filter((id) => id !== undefined)
  const instances = await attempt(
    "ec2:DescribeInstances",
    () => inChunks(ids, (some) => ec2.describeInstances({ ids: some })),
    [],
  )
  const vpcId = instances[0]?.vpcId
  const inVpc = vpcId === undefined ? undefined : { vpcId }
  const [
    vpcs,
    subnets,
    securityGroups,
    interfaces,
    routeTables,
    autoScalingGroups,
    nodeGroups,
    eks,
  ] = await Promise.all([
    attempt(
      "ec2:DescribeVpcs",
      async () => (vpcId === undefined ? [] : ec2.describeVpcs({ ids: [vpcId] })),
      [] as Vpc[],
    ),
    attempt("ec2:DescribeSubnets", async () => (inVpc ? ec2.describeSubnets(inVpc) : []), []),
    attempt(
      "ec2:DescribeSecurityGroups",
      async () => (vpcId ? extras.securityGroups(vpcId) : []),
      [],
    ),
    attempt(
      "ec2:DescribeNetworkInterfaces",
      async () => (inVpc ? ec2.describeNetworkInterfaces(inVpc) : []),
      [],
    ),
    attempt("ec2:DescribeRouteTables", async () => (vpcId ? extras.routeTables(vpcId) : []), []),
    attempt("autoscaling:DescribeAutoScalingGroups", () => extras.autoScalingGroups(ids), []),
    attempt(
      "eks:DescribeNodegroup",
      async () => (cluster.name ? extras.nodeGroups(cluster.name) : []),
      [],
    ),
    attempt(
      "eks:DescribeCluster",
      async () => (cluster.name ? extras.eks(cluster.name) : undefined),
      undefined,
    ),
  ])
  const podSubnets = new Set([
    ...cluster.eniConfigs.map((c) => c.spec?.subnet),
    ...cluster.subnetPools.flatMap((p) => p.status?.subnets.map((s) => s.id) ?? []),
  ])
  const reservations = await attempt(
    "ec2:GetSubnetCidrReservations",
    () => extras.reservations(subnets.filter((s) => podSubnets.has(s.id)).map((s) => s.id)),
    [],
  )
  return {
    unread,
    aws: {
      region,
      ...(vpcs[0] === undefined ? {} : { vpc: vpcs[0] }),
      subnets,
      securityGroups,
      interfaces,
      instances,
      routeTables,
      reservations,
      autoScalingGroups,
      nodeGroups,
      ...(eks === undefined ? {} : { eks }),
    },
  }
}

/** "aws:///us-west-2a/i-0abc" -> "i-0abc". */
function instanceId(providerID: string | undefined): string | undefined {
  const id = providerID?.split("/").pop()
  return id?.startsWith("i-") ? id : undefined
}

/** The region of the first node's zone: us-west-2a -> us-west-2. Local zones (us-west-2-lax-1a) keep their parent. */
export function regionOf(cluster: ClusterFacts): string | undefined {
  for (const node of cluster.nodes) {
    const named = node.labels["topology.kubernetes.io/region"]
    if (named) return named
    const zone = node.labels["topology.kubernetes.io/zone"]
    const match = zone === undefined ? null : /^([a-z]+(?:-[a-z]+)+-\d+)/.exec(zone)
    if (match?.[1]) return match[1]
  }
  return undefined
}

async function inChunks<T>(
  ids: readonly string[],
  read: (some: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  const out: T[] = []
  for (let at = 0; at < ids.length; at += idsMost)
    out.push(...(await read(ids.slice(at, at + idsMost))))
  return out
}
