import { entry } from "./berth-error.ts"

/** Why a placement cannot serve: raised before any EC2 call is made. */
export const placementErrors = {
  "placement/eniconfig-missing": entry<{ node: string; name: string; source: string }>({
    says: (d) =>
      `node ${d.node} is bound to ENIConfig "${d.name}" (by ${d.source}), which does not exist`,
    hint: (d) =>
      `Create it (kubectl get eniconfigs; kubectl apply -f ${d.name}.yaml), or correct the binding of the node.`,
    cni: 11,
  }),
  "placement/binding-empty": entry<{ node: string; source: string }>({
    says: (d) => `node ${d.node} is bound to an ENIConfig with an empty name (by ${d.source})`,
    hint: "Give the label or annotation a value, or remove it.",
    cni: 11,
  }),
  "placement/zone-mismatch": entry<{
    subnet: string
    subnetZone: string
    node: string
    nodeZone: string
    object: string
  }>({
    says: (d) =>
      `${d.object} names subnet ${d.subnet} in ${d.subnetZone}, but node ${d.node} is in ${d.nodeZone}`,
    hint: (d) => `An ENI can only be attached in its own zone: name a subnet in ${d.nodeZone}.`,
    cni: 11,
  }),
  "placement/vpc-mismatch": entry<{
    subnet: string
    subnetVpc: string
    vpc: string
    object: string
  }>({
    says: (d) =>
      `${d.object} names subnet ${d.subnet} of ${d.subnetVpc}, but the nodes are in ${d.vpc}`,
    hint: "Name a subnet of the cluster's VPC.",
    cni: 11,
  }),
  "placement/subnet-unknown": entry<{ subnet: string; object: string }>({
    says: (d) => `${d.object} names subnet ${d.subnet}, which EC2 does not know`,
    hint: "Check the id, the region and the account (aws ec2 describe-subnets --subnet-ids ...).",
    cni: 11,
  }),
  "placement/security-group-invalid": entry<{ group: string; object: string; why: string }>({
    says: (d) => `${d.object} names security group ${d.group}: ${d.why}`,
    hint: "Name one to five security groups of the cluster's VPC.",
    cni: 11,
  }),
  "placement/unreadable": entry<{ what: string; why: string }>({
    says: (d) =>
      `${d.what} could not be read: ${d.why}; Berth waits instead of guessing a placement`,
    hint: "Check that the API server can be reached and that the service account may read the object.",
    cni: 11,
  }),
  "placement/no-subnet": entry<{ object: string; zone: string; why: string }>({
    says: (d) => `${d.object} has no usable subnet in ${d.zone}: ${d.why}`,
    hint: (d) => `Give ${d.object} a subnet in ${d.zone}.`,
    cni: 11,
  }),
  "placement/pool-missing": entry<{ pool: string }>({
    says: (d) => `SubnetPool "${d.pool}" does not exist`,
    hint: "Create it, or recreate the pods that it served (kubectl get subnetpools).",
    cni: 11,
  }),
  "placement/pool-ambiguous": entry<{ object: string; pools: readonly string[] }>({
    says: (d) => `${d.object} is selected by several SubnetPools: ${d.pools.join(", ")}`,
    hint: "Give one of them a higher spec.priority, or make their selectors exclude each other.",
    cni: 11,
  }),
  "placement/key-malformed": entry<{ key: string }>({
    says: (d) => `"${d.key}" is not the key of a placement`,
    hint: "The agent and the controller must be of the same version.",
    cni: 11,
  }),
}
