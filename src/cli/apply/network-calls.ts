/** The EC2 calls that give a VPC room for pods. Errors are the catalogue's `ec2/...`. */
export interface NetworkCalls {
  blocks(vpcId: string): Promise<Block[]>
  associateBlock(vpcId: string, cidr: string): Promise<void>
  disassociateBlock(associationId: string): Promise<void>
  subnets(vpcId: string): Promise<MadeSubnet[]>
  createSubnet(subnet: NewSubnet): Promise<void>
  /** A missing subnet is success. */
  deleteSubnet(id: string): Promise<void>
  routeTables(vpcId: string): Promise<{ id: string; subnetIds: string[] }[]>
  associateRouteTable(subnetId: string, tableId: string): Promise<void>
  /** How many network interfaces are in the subnet. */
  interfacesIn(subnetId: string): Promise<number>
}

export interface Block {
  readonly cidr: string
  readonly associationId: string
  /** associating, associated, disassociating, disassociated, failing or failed. */
  readonly state: string
}

export interface MadeSubnet {
  readonly id: string
  readonly zone: string
  readonly cidr: string
  /** pending or available. */
  readonly state: string
}

export interface NewSubnet {
  readonly vpcId: string
  readonly zone: string
  readonly cidr: string
  readonly name: string
}
