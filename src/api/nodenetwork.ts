import type { Condition, KubeObject } from "./meta.ts"

/**
 * berth.dev/v1alpha1 NodeNetwork: the contract between a node's agent and the controller. It has the node's name.
 * The agent alone writes `spec`, the controller alone writes `status`; so the two never conflict.
 */
export interface NodeNetwork extends KubeObject {
  spec: NodeNetworkSpec
  status?: NodeNetworkStatus
}

/**
 * Key of a placement on a node: "node" for the node placement, "pool:NAME", "sg:ID,ID" (sorted ids) for the node's
 * subnets with a SecurityGroupPolicy's groups, or "pool:NAME/sg:ID,ID". Written and read by placement/placement.ts.
 */
export type PlacementKey = string
export const nodePlacement: PlacementKey = "node"

export interface NodeNetworkSpec {
  /** From Node.spec.providerID (aws:///ZONE/INSTANCE). */
  instanceID: string
  mode: NodeMode
  targets: WarmTargets
  demand: PlacementDemand[]
  /** `status.quota.term` as the agent has seen it last: it acts on no grant of an earlier one any more. */
  quotaTerm?: string
  /** Pods whose address is kept for the next pod of their name, and such addresses; absent when there are none. */
  sticky?: StickyPod[]
  /** What the agent has stopped using and agrees to give back. It forgets them only when `status` no longer has them. */
  offers: Offer[]
}

export interface NodeMode {
  customNetworking: boolean
  prefixDelegation: boolean
  /** False with DISABLE_NETWORK_RESOURCE_PROVISIONING: the controller makes no EC2 change for this node. */
  provisioning: boolean
  /** MANAGE_UNTAGGED_ENI. */
  manageUntagged: boolean
  /** AWS_MANAGE_ENIS_NON_SCHEDULABLE. */
  manageWhenUnschedulable: boolean
  /** ENABLE_POD_ENI: an interface slot is left for the trunk of the control plane. Absent is false. */
  podENI?: boolean
  /** ENABLE_SUBNET_DISCOVERY: without custom networking, tagged subnets of the zone serve as well. Absent is false. */
  subnetDiscovery?: boolean
  /** Node keys that name the ENIConfig (ENI_CONFIG_ANNOTATION_DEF, ENI_CONFIG_LABEL_DEF). */
  annotationKey: string
  labelKey: string
  /** ADDITIONAL_ENI_TAGS. */
  additionalTags?: Record<string, string>
  /** CLUSTER_NAME. */
  clusterName?: string
}

/** Warm targets as the environment states them; absent = not set. Meaning: reference of each variable in docs/environment.md. */
export interface WarmTargets {
  warmENI?: number
  warmIP?: number
  minimumIP?: number
  warmPrefix?: number
  maxENI?: number
  /** Pods the node can run at most (Node.status.capacity.pods): supply never exceeds it. */
  maxPods: number
}

export interface PlacementDemand {
  placement: PlacementKey
  /** Addresses held by pods now, on interfaces that serve new pods: those on draining ones are not counted. */
  inUse: number
  /** Pods bound to the node that have no address yet. */
  waiting: number
  /** Addresses in cool-down. */
  cooling: number
  /** Addresses that wait for their pods to come back, and are no others'; absent is none. */
  kept?: number
  /** Of a SubnetPool with a quota: every pod. Being there says that the agent heeds the quota. */
  claims?: PodClaim[]
}

/** A pod that holds an address of a SubnetPool with a quota, or waits for one. */
export interface PodClaim {
  /** Its uid; NAMESPACE/NAME of one that the API server no longer shows. */
  pod: string
  namespace: string
  held: boolean
}

/** A pod whose address is kept for the next pod of its name, or such an address. */
export interface StickyPod {
  pool: string
  namespace: string
  name: string
  address: string
  /** Of the pod that has the address now. */
  uid?: string
  /** Set when no pod has it: until then it is kept. RFC 3339. */
  keptUntil?: string
}

/** One thing given back: a secondary address, a prefix, or (neither set) the whole interface. */
export interface Offer {
  interfaceID: string
  address?: string
  prefix?: string
}

export interface NodeNetworkStatus {
  observedGeneration?: number
  vpc?: { id: string; cidrs: string[] }
  zone?: string
  instanceType?: string
  /** ENIs of the default network card, primary included; addresses of one ENI, its primary one included. */
  limits?: { interfaces: number; addressesPerInterface: number; prefixes: boolean }
  /** What decided the node placement; absent while custom networking is off. */
  binding?: { name: string; source: BindingSource; key: string }
  placements: PlacementStatus[]
  interfaces: NodeInterface[]
  /** Interfaces that the controller has set out to create, recorded before the call so that a crash repeats none. */
  intents?: CreateIntent[]
  /** What the quotas of SubnetPools allow the node's pods; absent where none applies. */
  quota?: QuotaStatus
  /** Ready, SubnetExhausted, PlacementRefused, Draining, Throttled. */
  conditions: Condition[]
}

export interface CreateIntent {
  /** EC2 client token of the call. */
  token: string
  placement: PlacementKey
  object: string
  subnetID: string
  securityGroups: string[]
  networkCard: number
  deviceIndex: number
  addresses: number
  prefixes: number
  /** RFC 3339. */
  at: string
}

export type BindingSource = "ExternalLabel" | "Annotation" | "Label" | "Default" | "SubnetPool"

export interface PlacementStatus {
  placement: PlacementKey
  /** The object it comes from, such as ENIConfig/us-west-2a; "primary" without custom networking. */
  object: string
  subnets: string[]
  securityGroups: string[]
  ready: boolean
  /** When not ready: catalogue code, full text for humans, what to do. */
  code?: string
  message?: string
  hint?: string
}

export interface QuotaStatus {
  /** The controller's term that answers for the grants: a later one counts on none that it has not written itself. */
  term: string
  /** Waiting pods, as `claims` names them, that may take an address. */
  granted: string[]
  /** Granted by an earlier term and not by this one: they count until the agent has seen that. */
  withdrawn: string[]
  /** Those that may not yet, and why. */
  denied: QuotaDenial[]
}

export interface QuotaDenial {
  pool: string
  namespace: string
  /** As `claims` names them. */
  pods: string[]
  code: string
  message: string
  hint: string
}

export type InterfaceState =
  /** Created or being attached; its link may not be visible yet. */
  | "Attaching"
  | "Ready"
  /** Placement no longer wanted: serves its pods, gets no new ones, is freed when empty. */
  | "Draining"
  /** Being detached and deleted. */
  | "Releasing"
  /** Not Berth's to use: tagged no_manage, EFA, trunk, another owner. */
  | "Foreign"

export interface NodeInterface {
  id: string
  /** Set for a trunk, which carries the branch interfaces of pods. */
  type?: "trunk"
  mac: string
  deviceIndex: number
  networkCard: number
  /** Device 0 of card 0: carries the host's own traffic. */
  primary: boolean
  subnetID: string
  subnetCIDR: string
  securityGroups: string[]
  placement: PlacementKey
  /** The object the interface was made for, such as ENIConfig/us-west-2a; absent when not known. */
  object?: string
  state: InterfaceState
  primaryAddress: string
  addresses: string[]
  prefixes: string[]
}
