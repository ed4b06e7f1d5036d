import { bool, custom, text } from "./variable.ts"

const noAws = "only the controller calls AWS"
const noV6 = "Berth serves IPv4 pods"

/** The original's variables that Berth knows and does not act on. A value other than the default is reported. */
export const unservedVariables = {
  ENABLE_IPv4: custom<boolean>({
    ...bool(true, "IPv4 addresses for pods."),
    parse: (value) => (bool(true, "").parse(value) === true ? true : undefined),
    expects: "true: Berth serves IPv4 pods only",
  }),
  ENABLE_IPv6: custom<boolean>({
    ...bool(false, "IPv6 addresses for pods."),
    parse: (value) => (bool(false, "").parse(value) === false ? false : undefined),
    expects: "false: Berth serves IPv4 pods only",
  }),
  ENABLE_V6_EGRESS: bool(false, "IPv6 egress for IPv4 pods.", { notServed: noV6 }),
  ENABLE_V4_EGRESS: bool(true, "IPv4 egress for IPv6 pods.", { notServed: noV6 }),
  ENABLE_IMDS_ONLY_MODE: bool(false, "Work without EC2 rights.", {
    notServed: `${noAws}; it makes no EC2 change for this node, as with DISABLE_NETWORK_RESOURCE_PROVISIONING`,
  }),
  DISABLE_LEAKED_ENI_CLEANUP: bool(false, "No search for leaked ENIs.", {
    notServed: `${noAws}; set BERTH_LEAKED_INTERFACES=off on its Deployment`,
  }),
  NETWORK_POLICY_ENFORCING_MODE: text("", "Call the network policy agent for every pod.", {
    notServed: "network policies need a policy engine of their own beside Berth",
  }),
  ENABLE_MULTI_NIC: bool(false, "Pods with interfaces on several network cards.", {
    notServed: "every pod has one interface",
  }),
  CLUSTER_ENDPOINT: text("", "Another address of the API server.", {
    notServed: "set KUBECONFIG or KUBERNETES_SERVICE_HOST",
  }),
  VPC_CNI_VERSION: text("", "Version for user agents.", {
    notServed: "Berth states its own version",
  }),
  AWS_EC2_ENDPOINT: text("", "Another EC2 endpoint.", {
    notServed: `${noAws}; set AWS_ENDPOINT_URL_EC2 on its Deployment`,
  }),
  HTTP_TIMEOUT: text("", "Time limit of AWS calls.", { notServed: noAws }),
  AWS_VPC_K8S_PLUGIN_LOG_FILE: text("", "Log of the plugin.", {
    notServed: "the plugin has no log; the agent logs every call",
  }),
  AWS_VPC_K8S_PLUGIN_LOG_LEVEL: text("", "Log level of the plugin.", {
    notServed: "the plugin has no log; the agent logs every call",
  }),
  AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE: text("", "Log of the egress plugin.", { notServed: noV6 }),
  AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE: text("", "Log of the egress plugin.", { notServed: noV6 }),
  AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER: text("", "Reverse path filter.", {
    notServed: "the agent sets it as needed; the original ignores it since v1.12.1",
  }),
  ENABLE_NFTABLES: text("", "Use nftables.", {
    notServed: "Berth always uses nftables; the original ignores it since v1.13.2",
  }),
}
