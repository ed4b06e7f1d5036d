import type { EC2Client } from "@aws-sdk/client-ec2"
import type {
  AwsFacts,
  GroupRule,
  NatGatewayFacts,
  NetworkAclFacts,
  PeeringFacts,
  RouteTableFacts,
} from "../../fleet/snapshot.ts"
import { optional, tagsOf } from "./sdk-fields.ts"

type Sdk = typeof import("@aws-sdk/client-ec2")
type GroupFacts = AwsFacts["securityGroups"][number]

export interface Ec2Reader {
  readonly sdk: Sdk
  readonly client: EC2Client
}

const inVpc = (vpcId: string) => ({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] })

export async function readSecurityGroups(
  { sdk, client }: Ec2Reader,
  vpcId: string,
): Promise<GroupFacts[]> {
  const groups: GroupFacts[] = []
  for await (const page of sdk.paginateDescribeSecurityGroups({ client }, inVpc(vpcId))) {
    for (const g of page.SecurityGroups ?? []) {
      groups.push({
        id: g.GroupId ?? "",
        name: g.GroupName ?? "",
        vpcId,
        tags: tagsOf(g.Tags),
        rules: [
          ...rulesOf("ingress", g.IpPermissions),
          ...rulesOf("egress", g.IpPermissionsEgress),
        ],
      })
    }
  }
  return groups
}

interface Permission {
  IpProtocol?: string | undefined
  FromPort?: number | undefined
  ToPort?: number | undefined
  IpRanges?: { CidrIp?: string | undefined }[] | undefined
  UserIdGroupPairs?: { GroupId?: string | undefined }[] | undefined
}

function rulesOf(
  direction: GroupRule["direction"],
  permissions: readonly Permission[] | undefined,
): GroupRule[] {
  return (permissions ?? []).flatMap((p) => {
    const peers = [
      ...(p.IpRanges ?? []).map((r) => r.CidrIp),
      ...(p.UserIdGroupPairs ?? []).map((g) => g.GroupId),
    ].filter((peer) => peer !== undefined)
    return peers.map((peer) => ({
      direction,
      protocol: p.IpProtocol ?? "-1",
      ...optional("fromPort", p.FromPort),
      ...optional("toPort", p.ToPort),
      peer,
    }))
  })
}

export async function readRouteTables(
  { sdk, client }: Ec2Reader,
  vpcId: string,
): Promise<RouteTableFacts[]> {
  const tables: RouteTableFacts[] = []
  for await (const page of sdk.paginateDescribeRouteTables({ client }, inVpc(vpcId))) {
    for (const t of page.RouteTables ?? []) {
      tables.push({
        id: t.RouteTableId ?? "",
        main: t.Associations?.some((a) => a.Main) ?? false,
        subnetIds: (t.Associations ?? []).flatMap((a) => a.SubnetId ?? []),
        routes: (t.Routes ?? []).map((r) => ({
          destination:
            r.DestinationCidrBlock ?? r.DestinationPrefixListId ?? r.DestinationIpv6CidrBlock ?? "",
          target:
            r.NatGatewayId ??
            r.TransitGatewayId ??
            r.VpcPeeringConnectionId ??
            r.NetworkInterfaceId ??
            r.GatewayId ??
            "",
          ...(r.State === "blackhole" ? { blackhole: true } : {}),
        })),
      })
    }
  }
  return tables
}

/** Connections of the VPC, whichever side asked for them; `peerCidrs` are those of the other side. */
export async function readPeerings(
  { sdk, client }: Ec2Reader,
  vpcId: string,
): Promise<PeeringFacts[]> {
  const peerings: PeeringFacts[] = []
  for (const side of ["requester-vpc-info.vpc-id", "accepter-vpc-info.vpc-id"]) {
    const query = { Filters: [{ Name: side, Values: [vpcId] }] }
    for await (const page of sdk.paginateDescribeVpcPeeringConnections({ client }, query)) {
      for (const p of page.VpcPeeringConnections ?? []) {
        const requested = side.startsWith("requester")
        const other = requested ? p.AccepterVpcInfo : p.RequesterVpcInfo
        const status = p.Status?.Code ?? ""
        peerings.push({
          id: p.VpcPeeringConnectionId ?? "",
          // Only the side that asked is held up by a pending connection.
          status: status === "pending-acceptance" && !requested ? "awaited-by-peer" : status,
          ...optional("peerVpcId", other?.VpcId),
          peerCidrs: (other?.CidrBlockSet ?? []).flatMap((c) => c.CidrBlock ?? []),
        })
      }
    }
  }
  return peerings
}

export async function readNetworkAcls(
  { sdk, client }: Ec2Reader,
  vpcId: string,
): Promise<NetworkAclFacts[]> {
  const acls: NetworkAclFacts[] = []
  for await (const page of sdk.paginateDescribeNetworkAcls({ client }, inVpc(vpcId))) {
    for (const acl of page.NetworkAcls ?? []) {
      const entries = (acl.Entries ?? [])
        .filter((e) => e.CidrBlock !== undefined && e.RuleNumber !== 32767)
        .sort((a, b) => (a.RuleNumber ?? 0) - (b.RuleNumber ?? 0))
      acls.push({
        id: acl.NetworkAclId ?? "",
        subnetIds: (acl.Associations ?? []).flatMap((a) => a.SubnetId ?? []),
        entries: entries.map((e) => ({
          direction: e.Egress ? "egress" : "ingress",
          allow: e.RuleAction === "allow",
          protocol: e.Protocol ?? "-1",
          cidr: e.CidrBlock ?? "",
          ...optional("fromPort", e.PortRange?.From),
          ...optional("toPort", e.PortRange?.To),
        })),
      })
    }
  }
  return acls
}

export async function readNatGateways(
  { sdk, client }: Ec2Reader,
  vpcId: string,
): Promise<NatGatewayFacts[]> {
  const gateways: NatGatewayFacts[] = []
  const query = { Filter: [{ Name: "vpc-id", Values: [vpcId] }] }
  for await (const page of sdk.paginateDescribeNatGateways({ client }, query)) {
    for (const { NatGatewayId: id = "", State, NatGatewayAddresses = [] } of page.NatGateways ??
      []) {
      const address = NatGatewayAddresses.find((a) => a.IsPrimary) ?? NatGatewayAddresses[0]
      if (State !== "available" || address === undefined) continue
      const publicAddress = optional("publicAddress", address.PublicIp)
      gateways.push({ id, ...publicAddress, privateAddress: address.PrivateIp ?? "" })
    }
  }
  return gateways
}

export async function readReservations(
  { sdk, client }: Ec2Reader,
  subnetIds: readonly string[],
): Promise<AwsFacts["reservations"][number][]> {
  const found = await Promise.all(
    subnetIds.map((SubnetId) =>
      client.send(new sdk.GetSubnetCidrReservationsCommand({ SubnetId })),
    ),
  )
  return found.flatMap((answer) =>
    (answer.SubnetIpv4CidrReservations ?? []).map((r) => ({
      subnetId: r.SubnetId ?? "",
      cidr: r.Cidr ?? "",
      type: r.ReservationType ?? "explicit",
    })),
  )
}
