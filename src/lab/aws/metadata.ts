import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { Views } from "../../ec2/memory/core.ts"
import type { CloudInstance, CloudInterface } from "../../ec2/memory/records.ts"
import { interfacesInOrder } from "../../ec2/memory/views.ts"

/** A metadata tree: text at the leaves, names in between. Text has no newline at its end: clients do not trim. */
type Tree = string | undefined | { readonly [name: string]: Tree }

/**
 * The text at `path`, or the listing of a folder; undefined where there is nothing. A folder's listing marks its own
 * folders with a slash, one name per line.
 */
export function metadataOf(
  cloud: Cloud,
  at: { readonly instanceId: string; readonly time: number },
  path: string,
): string | undefined {
  const parts = path.split("/").filter((part) => part !== "")
  // Dated versions of the service are all served as the latest.
  if (parts[0] !== "latest" && !/^\d{4}-\d{2}-\d{2}$/.test(parts[0] ?? ""))
    return parts.length === 0 ? "latest" : undefined
  let tree: Tree = instanceTree(cloud, at)
  for (const part of parts.slice(1)) {
    if (typeof tree !== "object" || !Object.hasOwn(tree, part)) return undefined
    tree = tree[part]
  }
  return typeof tree === "object" ? listing(tree) : tree
}

const listing = (tree: { readonly [name: string]: Tree }): string =>
  Object.entries(tree)
    .flatMap(([name, value]) =>
      value === undefined ? [] : typeof value === "object" ? `${name}/` : name,
    )
    .join("\n")

function instanceTree(cloud: Cloud, at: { instanceId: string; time: number }): Tree {
  const views = cloud.core.asOf(at.time)
  const instance = views.instance.get(at.instanceId)
  if (instance === undefined) return {}
  // Only what is attached shows: an interface on its way in or out is not yet, or no longer, known to the instance.
  const interfaces = interfacesInOrder(views, instance.id).filter(
    (eni) => eni.attachment?.state === "attached",
  )
  return {
    dynamic: { "instance-identity": { document: identity(cloud, instance) } },
    "meta-data": metaData(cloud, views, { instance, interfaces }),
    "user-data":
      instance.userData === undefined
        ? undefined
        : Buffer.from(instance.userData, "base64").toString("utf8"),
  }
}

const identity = (cloud: Cloud, instance: CloudInstance): string =>
  JSON.stringify(
    {
      accountId: cloud.account,
      architecture: "x86_64",
      availabilityZone: instance.zone,
      imageId: instance.imageId,
      instanceId: instance.id,
      instanceType: instance.type,
      pendingTime: new Date(instance.launchedAt).toISOString(),
      privateIp: instance.privateAddress,
      region: cloud.region,
      version: "2017-09-30",
    },
    null,
    2,
  )

function metaData(
  cloud: Cloud,
  views: Views,
  of: { instance: CloudInstance; interfaces: readonly CloudInterface[] },
): Tree {
  const { instance, interfaces } = of
  const [primary] = interfaces
  const name = `ip-${instance.privateAddress.replaceAll(".", "-")}.${cloud.region}.compute.internal`
  const zoneId = cloud.core.zones.find((z) => z.name === instance.zone)?.id
  return {
    "ami-id": instance.imageId,
    hostname: name,
    "instance-id": instance.id,
    "instance-life-cycle": "on-demand",
    "instance-type": instance.type,
    "local-hostname": name,
    "local-ipv4": instance.privateAddress,
    mac: primary?.mac,
    network: {
      interfaces: {
        macs: Object.fromEntries(
          interfaces.map((eni) => [eni.mac, interfaceTree(cloud, views, eni)]),
        ),
      },
    },
    placement: {
      "availability-zone": instance.zone,
      "availability-zone-id": zoneId,
      region: cloud.region,
    },
    "public-ipv4": primary?.publicAddresses[instance.privateAddress],
    "reservation-id": instance.reservationId,
    "security-groups": lines(groupNames(views, primary)),
    services: { domain: "amazonaws.com", partition: "aws" },
    iam: iam(instance, cloud.core.now()),
  }
}

const credentialsMs = 6 * 3_600_000

/** The instance's role with credentials like any others to the lab: it takes every signature. */
function iam(instance: CloudInstance, now: number): Tree {
  if (instance.iamInstanceProfile === undefined) return undefined
  const role = instance.iamInstanceProfile.split("/").at(-1) ?? "node"
  const credentials = {
    Code: "Success",
    LastUpdated: new Date(now).toISOString(),
    Type: "AWS-HMAC",
    AccessKeyId: `ASIA${instance.id.slice(-16).toUpperCase()}`,
    SecretAccessKey: "lab",
    Token: "lab",
    Expiration: new Date(now + credentialsMs).toISOString(),
  }
  const info = {
    Code: "Success",
    InstanceProfileArn: instance.iamInstanceProfile,
    InstanceProfileId: `AIPA${instance.id.slice(-16).toUpperCase()}`,
  }
  return {
    info: JSON.stringify(info),
    "security-credentials": { [role]: JSON.stringify(credentials) },
  }
}

function interfaceTree(cloud: Cloud, views: Views, eni: CloudInterface): Tree {
  const subnet = views.subnet.get(eni.subnetId)
  const vpc = views.vpc.get(eni.vpcId)
  const blocks = vpc?.cidrs.filter((c) => c.state === "associated").map((c) => c.cidr) ?? []
  return {
    "device-number": String(eni.attachment?.deviceIndex ?? 0),
    "interface-id": eni.id,
    "ipv4-prefix": lines(eni.prefixes),
    "local-hostname": `ip-${eni.primaryAddress.replaceAll(".", "-")}.${cloud.region}.compute.internal`,
    "local-ipv4s": lines([eni.primaryAddress, ...eni.addresses]),
    mac: eni.mac,
    "network-card": String(eni.attachment?.networkCard ?? 0),
    "owner-id": cloud.account,
    "security-group-ids": lines(eni.securityGroups),
    "security-groups": lines(groupNames(views, eni)),
    "subnet-id": eni.subnetId,
    "subnet-ipv4-cidr-block": subnet?.cidr,
    "vpc-id": eni.vpcId,
    "vpc-ipv4-cidr-block": blocks[0],
    "vpc-ipv4-cidr-blocks": lines(blocks),
  }
}

const groupNames = (views: Views, eni: CloudInterface | undefined): string[] =>
  (eni?.securityGroups ?? []).map((id) => views.securityGroup.get(id)?.name ?? id)

/** One per line; absent when there is none. */
const lines = (values: readonly string[]): string | undefined =>
  values.length === 0 ? undefined : values.join("\n")
