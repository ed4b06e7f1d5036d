import type { Ec2 } from "../../ec2/ec2.ts"
import { ec2Error } from "../../ec2/errors.ts"
import { awsErrorOf } from "../../ec2/sdk/sdk-error.ts"
import { BerthError } from "../../errors/berth-error.ts"
import { isError } from "../../errors/catalogue.ts"
import type { AwsFacts, ClusterFacts, Unread } from "../../fleet/snapshot.ts"
import type { Instance, Subnet, Vpc } from "../../vpc/model.ts"
import type { AwsExtras } from "./aws-extras.ts"
import { describeKnownInstances } from "./known-instances.ts"

export interface AwsReading {
  /** Absent when AWS cannot be asked at all: no credentials that it accepts, or no way to it. */
  readonly aws?: AwsFacts
  /** The cluster's name in EKS, when it is known or the instances' tags tell it. */
  readonly clusterName?: string
  readonly unread: readonly Unread[]
}

/**
 * Reads what the checks need of AWS, with describe calls alone. Each call that fails is noted by name and leaves its
 * part empty, so a missing permission costs the checks that need it and nothing else.
 */
export async function readAws(
  region: string,
  cluster: ClusterFacts,
  ec2: Ec2,
  extras: AwsExtras,
): Promise<AwsReading> {
  const reader = new Reader()
  const ids = cluster.nodes.map((n) => instanceId(n.providerID)).filter((id) => id !== undefined)
  const instances = await reader.attempt(
    "ec2:DescribeInstances",
    () => describeKnownInstances(ec2, ids, region),
    [],
  )
  if (reader.unreachable !== undefined)
    return { unread: [{ what: "AWS", why: reader.unreachable }] }
  const vpcId = instances[0]?.vpcId ?? (await vpcOfPods(reader, cluster, ec2))
  const name = cluster.name ?? clusterNameOf(instances)
  const [inVpc, groups] = await Promise.all([
    readVpc(reader, vpcId, ec2, extras),
    readNodeGroups(reader, name, ids, extras),
  ])
  const podSubnets = new Set(podSubnetIds(cluster))
  const strays = await reader.attempt(
    "ec2:DescribeSubnets",
    () => straySubnets([...podSubnets], inVpc.subnets, ec2),
    [],
  )
  const reservations = await reader.attempt(
    "ec2:GetSubnetCidrReservations",
    () => extras.reservations(inVpc.subnets.map((s) => s.id).filter((id) => podSubnets.has(id))),
    [],
  )
  return {
    unread: reader.unread,
    ...(name === undefined ? {} : { clusterName: name }),
    aws: {
      ...{ region, instances, ...inVpc, ...groups, reservations },
      subnets: [...inVpc.subnets, ...strays],
    },
  }
}

/** Notes what could not be read, and why, in words for the person at the terminal. */
class Reader {
  readonly unread: Unread[] = []
  /** Set when no call can succeed. */
  unreachable: string | undefined

  async attempt<T>(what: string, read: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await read()
    } catch (error) {
      const { code, why } = reasonOf(what, error)
      if (code === "ec2/credentials" || code === "ec2/unavailable") this.unreachable = why
      this.unread.push({ what, why })
      return otherwise
    }
  }
}

/** The same words for what the EC2 port reports and for what the SDK's other clients throw. */
function reasonOf(what: string, error: unknown): { code: string; why: string } {
  const [service = "", action = ""] = what.split(":")
  const raw = awsErrorOf(error)
  const known = error instanceof BerthError ? error : ec2Error(action, raw)
  const say = (why: string) => ({ code: known.code, why })
  if (known.code === "ec2/unauthorized") {
    // A reading of several calls names its own; IAM names the one that it refused.
    const refused = /perform: ([\w-]+:\w+)/.exec(raw.message)?.[1] ?? what
    return say(`IAM forbids ${refused === what ? "it" : refused} (berth iam read)`)
  }
  if (error instanceof BerthError) return say(error.message)
  if (known.code === "ec2/unavailable") return say(`no answer from ${service} (${raw.code})`)
  return say(`${raw.code}: ${raw.message}`)
}

async function readVpc(
  reader: Reader,
  vpcId: string | undefined,
  ec2: Ec2,
  extras: AwsExtras,
): Promise<Omit<AwsFacts, "region" | "instances" | "reservations" | keyof NodeGroupReading>> {
  if (vpcId === undefined) {
    if (reader.unread.length === 0)
      reader.unread.push({ what: "ec2:DescribeVpcs", why: "no node tells its VPC" })
    return { subnets: [], securityGroups: [], interfaces: [], routeTables: [] }
  }
  const [vpcs, subnets, securityGroups, interfaces, routeTables, peerings, networkAcls, nats] =
    await Promise.all([
      reader.attempt("ec2:DescribeVpcs", () => ec2.describeVpcs({ ids: [vpcId] }), [] as Vpc[]),
      reader.attempt("ec2:DescribeSubnets", () => ec2.describeSubnets({ vpcId }), [] as Subnet[]),
      reader.attempt("ec2:DescribeSecurityGroups", () => extras.securityGroups(vpcId), []),
      reader.attempt(
        "ec2:DescribeNetworkInterfaces",
        () => ec2.describeNetworkInterfaces({ vpcId }),
        [],
      ),
      reader.attempt("ec2:DescribeRouteTables", () => extras.routeTables(vpcId), []),
      reader.attempt("ec2:DescribeVpcPeeringConnections", () => extras.peerings(vpcId), undefined),
      reader.attempt("ec2:DescribeNetworkAcls", () => extras.networkAcls(vpcId), undefined),
      reader.attempt("ec2:DescribeNatGateways", () => extras.natGateways(vpcId), undefined),
    ])
  return {
    ...(vpcs[0] === undefined ? {} : { vpc: vpcs[0] }),
    subnets,
    securityGroups,
    interfaces,
    routeTables,
    ...(peerings === undefined ? {} : { peerings }),
    ...(networkAcls === undefined ? {} : { networkAcls }),
    ...(nats === undefined ? {} : { natGateways: nats }),
  }
}

/** Most subnets of other VPCs that are asked for, one by one: an id that is not there fails a call for several. */
const straysMost = 20

/** Subnets that objects name and the VPC does not have: one of another VPC must be told from none at all. */
async function straySubnets(
  named: readonly string[],
  known: readonly Subnet[],
  ec2: Ec2,
): Promise<Subnet[]> {
  const ids = new Set(known.map((s) => s.id))
  const missing = named.filter((id) => known.length > 0 && !ids.has(id)).slice(0, straysMost)
  const found = missing.map((id) => ec2.describeSubnets({ ids: [id] }).catch(noSubnet))
  return (await Promise.all(found)).flat()
}

/** EC2 answers that the id is unknown, or is none; whatever else fails leaves the question open. */
function noSubnet(error: unknown): Subnet[] {
  if (isError(error, "ec2/not-found") || isError(error, "ec2/failed")) return []
  throw error
}

type NodeGroupReading = Pick<AwsFacts, "autoScalingGroups" | "nodeGroups" | "eks">

async function readNodeGroups(
  reader: Reader,
  cluster: string | undefined,
  instanceIds: readonly string[],
  extras: AwsExtras,
): Promise<NodeGroupReading> {
  if (cluster === undefined)
    reader.unread.push({
      what: "eks:DescribeCluster",
      why: "the cluster's name in EKS is not known: use --cluster-name",
    })
  const ofCluster = <T>(what: string, read: (name: string) => Promise<T>, otherwise: T) =>
    cluster === undefined
      ? Promise.resolve(otherwise)
      : reader.attempt(what, () => read(cluster), otherwise)
  const [autoScalingGroups, nodeGroups, eks, addon] = await Promise.all([
    reader.attempt(
      "autoscaling:DescribeAutoScalingGroups",
      () => extras.autoScalingGroups(instanceIds),
      [],
    ),
    ofCluster("eks:DescribeNodegroup", (name) => extras.nodeGroups(name), []),
    ofCluster("eks:DescribeCluster", (name) => extras.eks(name), undefined),
    ofCluster("eks:DescribeAddon", (name) => extras.addon(name), undefined),
  ])
  return {
    autoScalingGroups,
    nodeGroups,
    ...(eks && { eks: { ...eks, ...(addon && { addon }) } }),
  }
}

/** Where the pods' subnets are, for those who may not describe instances. */
async function vpcOfPods(
  reader: Reader,
  cluster: ClusterFacts,
  ec2: Ec2,
): Promise<string | undefined> {
  const [id] = podSubnetIds(cluster)
  if (id === undefined) return undefined
  const found = await reader.attempt(
    "ec2:DescribeSubnets",
    () => ec2.describeSubnets({ ids: [id] }),
    [],
  )
  return found[0]?.vpcId
}

const podSubnetIds = (cluster: ClusterFacts): string[] => [
  ...cluster.eniConfigs.flatMap((c) => c.spec?.subnet ?? []),
  ...cluster.subnetPools.flatMap((p) => p.status?.subnets.map((s) => s.id) ?? []),
]

/** EKS, eksctl and everything that makes nodes for EKS tag the instances with their cluster. */
function clusterNameOf(instances: readonly Instance[]): string | undefined {
  for (const { tags } of instances) {
    const told = tags["aws:eks:cluster-name"] ?? tags["eks:cluster-name"]
    if (told) return told
    const owner = Object.keys(tags).find((key) => key.startsWith("kubernetes.io/cluster/"))
    if (owner !== undefined) return owner.slice("kubernetes.io/cluster/".length)
  }
  return undefined
}

/** "aws:///us-west-2a/i-0abc" -> "i-0abc". */
function instanceId(providerID: string | undefined): string | undefined {
  const id = providerID?.split("/").pop()
  return id?.startsWith("i-") ? id : undefined
}
