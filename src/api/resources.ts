import type { CNINode } from "./cninode.ts"
import type {
  DaemonSet,
  Event,
  Lease,
  Namespace,
  Node,
  Pod,
  PodDisruptionBudget,
  ServiceAccount,
} from "./core.ts"
import type { ENIConfig } from "./eniconfig.ts"
import type { KubeObject } from "./meta.ts"
import type { NetworkPolicy } from "./networkpolicy.ts"
import type { NodeClaim } from "./nodeclaim.ts"
import type { NodeNetwork } from "./nodenetwork.ts"
import type { NodeRotation } from "./noderotation.ts"
import type { SecurityGroupPolicy } from "./securitygrouppolicy.ts"
import type { SubnetPool } from "./subnetpool.ts"
import type { TargetGroupBinding } from "./targetgroupbinding.ts"

/** Where a kind lives in the API. `group` is "" for core. The type parameter ties it to its object's shape. */
export interface Resource<T extends KubeObject> {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never set: carries T. */
  readonly __object?: T
}

const resource = <T extends KubeObject>(r: Resource<T>): Resource<T> => r

export const nodes = resource<Node>({
  group: "",
  version: "v1",
  plural: "nodes",
  kind: "Node",
  namespaced: false,
})
export const pods = resource<Pod>({
  group: "",
  version: "v1",
  plural: "pods",
  kind: "Pod",
  namespaced: true,
})
export const namespaces = resource<Namespace>({
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
})
export const serviceAccounts = resource<ServiceAccount>({
  group: "",
  version: "v1",
  plural: "serviceaccounts",
  kind: "ServiceAccount",
  namespaced: true,
})
export const events = resource<Event>({
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
})
export const leases = resource<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
})
export const eniConfigs = resource<ENIConfig>({
  group: "crd.k8s.amazonaws.com",
  version: "v1alpha1",
  plural: "eniconfigs",
  kind: "ENIConfig",
  namespaced: false,
})
export const securityGroupPolicies = resource<SecurityGroupPolicy>({
  group: "vpcresources.k8s.aws",
  version: "v1beta1",
  plural: "securitygrouppolicies",
  kind: "SecurityGroupPolicy",
  namespaced: true,
})
export const cniNodes = resource<CNINode>({
  group: "vpcresources.k8s.aws",
  version: "v1alpha1",
  plural: "cninodes",
  kind: "CNINode",
  namespaced: false,
})
export const nodeNetworks = resource<NodeNetwork>({
  group: "berth.dev",
  version: "v1alpha1",
  plural: "nodenetworks",
  kind: "NodeNetwork",
  namespaced: false,
})
export const subnetPools = resource<SubnetPool>({
  group: "berth.dev",
  version: "v1alpha1",
  plural: "subnetpools",
  kind: "SubnetPool",
  namespaced: false,
})
export const nodeRotations = resource<NodeRotation>({
  group: "berth.dev",
  version: "v1alpha1",
  plural: "noderotations",
  kind: "NodeRotation",
  namespaced: false,
})
export const networkPolicies = resource<NetworkPolicy>({
  group: "networking.k8s.io",
  version: "v1",
  plural: "networkpolicies",
  kind: "NetworkPolicy",
  namespaced: true,
})
export const targetGroupBindings = resource<TargetGroupBinding>({
  group: "elbv2.k8s.aws",
  version: "v1beta1",
  plural: "targetgroupbindings",
  kind: "TargetGroupBinding",
  namespaced: true,
})
export const nodeClaims = resource<NodeClaim>({
  group: "karpenter.sh",
  version: "v1",
  plural: "nodeclaims",
  kind: "NodeClaim",
  namespaced: false,
})
export const daemonSets = resource<DaemonSet>({
  group: "apps",
  version: "v1",
  plural: "daemonsets",
  kind: "DaemonSet",
  namespaced: true,
})
export const podDisruptionBudgets = resource<PodDisruptionBudget>({
  group: "policy",
  version: "v1",
  plural: "poddisruptionbudgets",
  kind: "PodDisruptionBudget",
  namespaced: true,
})
