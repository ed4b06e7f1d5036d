import { bool, custom, text } from "./variable.ts"

const originalKey = "k8s.amazonaws.com/eniConfig"

/** Whether and how the node's ENIs are placed. The agent states these in NodeNetwork.spec; the controller acts on them. */
export const placementVariables = {
  AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: bool(
    false,
    "Custom networking: pods get addresses of the subnet and security groups that the node's ENIConfig names, and none of the primary ENI.",
  ),
  ENI_CONFIG_ANNOTATION_DEF: text(
    originalKey,
    "Key of the node annotation whose value names the ENIConfig. It wins over the label.",
  ),
  ENI_CONFIG_LABEL_DEF: text(
    originalKey,
    "Key of the node label whose value names the ENIConfig, such as topology.kubernetes.io/zone.",
  ),
  ENABLE_SUBNET_DISCOVERY: bool(
    true,
    "Without custom networking: subnets of the node's zone tagged kubernetes.io/role/cni serve beside the primary ENI's; the value 0 excludes one.",
  ),
  AWS_MANAGE_ENIS_NON_SCHEDULABLE: bool(
    false,
    "Also attach and detach ENIs while the node is cordoned. Addresses are assigned to existing ENIs either way.",
  ),
  MANAGE_UNTAGGED_ENI: bool(
    true,
    "Use attached ENIs that carry no tag of this node. With false, only tagged ones.",
  ),
  DISABLE_NETWORK_RESOURCE_PROVISIONING: bool(
    false,
    "The controller makes no EC2 change for this node; pods use what is attached.",
  ),
  CLUSTER_NAME: text(
    "",
    "Name of the cluster, for the tags of ENIs. That of the controller's Deployment wins.",
  ),
  ADDITIONAL_ENI_TAGS: custom<Readonly<Record<string, string>>>({
    type: "JSON object",
    default: "{}",
    initial: {},
    says: "Further tags for ENIs. Keys that contain k8s.amazonaws.com are left out.",
    expects: 'a JSON object of strings, such as {"team":"net"}',
    parse: parseTags,
    onInvalid: "default",
  }),
}

function parseTags(value: string): Record<string, string> | undefined {
  let tags: unknown
  try {
    tags = JSON.parse(value)
  } catch {
    return undefined
  }
  if (typeof tags !== "object" || tags === null || Array.isArray(tags)) return undefined
  const entries = Object.entries(tags)
  if (!entries.every((e): e is [string, string] => typeof e[1] === "string")) return undefined
  return Object.fromEntries(entries.filter(([key]) => !key.includes("k8s.amazonaws.com")))
}
