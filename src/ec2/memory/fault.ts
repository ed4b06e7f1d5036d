/** What EC2 answers instead of a result: its own error code and message, as they appear on the wire. */
export class Ec2Fault extends Error {
  readonly code: string
  /** HTTP status; EC2 uses 400 for nearly everything, 503 for throttling and 5xx for its own failures. */
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.name = "Ec2Fault"
    this.code = code
    this.status = status
  }
}

/** Code of a missing resource by the prefix of its id, as listed in EC2's "Error codes". */
const notFoundCodes: Readonly<Record<string, readonly [code: string, noun: string]>> = {
  vpc: ["InvalidVpcID.NotFound", "vpc ID"],
  subnet: ["InvalidSubnetID.NotFound", "subnet ID"],
  sg: ["InvalidGroup.NotFound", "security group"],
  sgr: ["InvalidSecurityGroupRuleId.NotFound", "security group rule ID"],
  eni: ["InvalidNetworkInterfaceID.NotFound", "networkInterface ID"],
  "eni-attach": ["InvalidAttachmentID.NotFound", "interface attachment ID"],
  i: ["InvalidInstanceID.NotFound", "instance ID"],
  rtb: ["InvalidRouteTableID.NotFound", "routeTable ID"],
  rtbassoc: ["InvalidAssociationID.NotFound", "association ID"],
  acl: ["InvalidNetworkAclID.NotFound", "networkAcl ID"],
  pcx: ["InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID"],
  igw: ["InvalidInternetGatewayID.NotFound", "internetGateway ID"],
  nat: ["NatGatewayNotFound", "NAT gateway"],
  eipalloc: ["InvalidAllocationID.NotFound", "allocation ID"],
  scr: ["InvalidSubnetCidrReservationID.NotFound", "subnet CIDR reservation ID"],
  lt: ["InvalidLaunchTemplateId.NotFound", "launch template ID"],
  "vpc-cidr-assoc": ["InvalidVpcCidrBlockAssociationID.NotFound", "vpc CIDR block association ID"],
}

const prefixOf = (id: string) => id.slice(0, Math.max(0, id.lastIndexOf("-")))

/** The resource `id` does not exist. The message quotes the id in single quotes: clients parse it out. */
export function notFound(id: string): Ec2Fault {
  const known = notFoundCodes[prefixOf(id)]
  if (known === undefined) return new Ec2Fault("InvalidID", `The ID '${id}' is not valid`)
  return new Ec2Fault(known[0], `The ${known[1]} '${id}' does not exist`)
}

export const missing = (parameter: string) =>
  new Ec2Fault("MissingParameter", `The request must contain the parameter ${parameter}`)

export const invalid = (message: string) => new Ec2Fault("InvalidParameterValue", message)

export const badCombination = (message: string) =>
  new Ec2Fault("InvalidParameterCombination", message)

export const subnetFull = () =>
  new Ec2Fault(
    "InsufficientFreeAddressesInSubnet",
    "The specified subnet does not have enough free addresses to satisfy the request.",
  )

export const noFreePrefix = () =>
  new Ec2Fault(
    "InsufficientCidrBlocks",
    "The specified subnet does not have enough free cidr blocks to satisfy the request.",
  )
