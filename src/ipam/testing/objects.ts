import type {
  NodeInterface,
  NodeMode,
  NodeNetworkSpec,
  PlacementDemand,
} from "../../api/nodenetwork.ts"
import type { Placement } from "../../placement/placement.ts"
import type { Resolution } from "../../placement/resolve.ts"
import type { Subnet } from "../../vpc/model.ts"
import type { PlanInput } from "../plan.ts"

export const mode: NodeMode = {
  customNetworking: true,
  prefixDelegation: false,
  provisioning: true,
  manageUntagged: true,
  manageWhenUnschedulable: false,
  annotationKey: "",
  labelKey: "",
}

export const subnetOf = (id: string, cidr = "100.64.0.0/24"): Subnet => ({
  id,
  vpcId: "vpc-1",
  zone: "us-west-2a",
  cidr,
  availableAddresses: 251,
  tags: {},
})

export const placementOf = (
  key: string,
  subnets: readonly string[],
  more: Partial<Placement> = {},
) => ({
  key,
  object: "ENIConfig/us-west-2a",
  subnets: subnets.map((id) => ({ subnet: subnetOf(id), weight: 1, reserve: 0 })),
  securityGroups: ["sg-1"],
  strategy: "Ordered" as const,
  ...more,
})

export const resolved = (placement: Placement): Resolution => ({ ok: true, placement, trace: [] })

export const iface = (id: string, more: Partial<NodeInterface> = {}): NodeInterface => ({
  id,
  mac: "",
  deviceIndex: Number(id.replace(/\D/g, "")),
  networkCard: 0,
  primary: false,
  subnetID: "subnet-a",
  subnetCIDR: "100.64.0.0/24",
  securityGroups: ["sg-1"],
  placement: "node",
  object: "ENIConfig/us-west-2a",
  state: "Ready",
  primaryAddress: "100.64.0.200",
  addresses: [],
  prefixes: [],
  ...more,
})

export const primary = iface("eni-0", {
  primary: true,
  subnetID: "subnet-node",
  securityGroups: ["sg-0"],
  object: "primary",
})

export const demand = (more: Partial<PlacementDemand> = {}): PlacementDemand => ({
  placement: "node",
  inUse: 0,
  waiting: 0,
  cooling: 0,
  ...more,
})

/** n addresses of 100.64.BLOCK.0/24 from .10 on. */
export const addresses = (n: number, block = 0): string[] =>
  Array.from({ length: n }, (_, i) => `100.64.${block}.${10 + i}`)

interface InputParts extends Partial<Omit<PlanInput, "spec">> {
  readonly mode?: Partial<NodeMode>
  readonly spec?: Partial<NodeNetworkSpec>
}

/** A node of 8 ENIs of 30 addresses in custom networking, nothing on it but the primary ENI. */
export const planInput = ({ mode: changes, spec, ...more }: InputParts = {}): PlanInput => ({
  node: "node-1",
  spec: {
    mode: { ...mode, ...changes },
    targets: { maxPods: 110 },
    demand: [demand()],
    offers: [],
    ...spec,
  },
  limits: { interfaces: 8, addressesPerInterface: 30, prefixes: true, defaultNetworkCard: 0 },
  interfaces: [primary],
  inFlight: [],
  resolutions: new Map([["node", resolved(placementOf("node", ["subnet-a"]))]]),
  supply: new Map([["subnet-a", { free: 5000 }]]),
  unschedulable: false,
  now: 0,
  ...more,
})
