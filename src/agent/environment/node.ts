import { bool, choice, text } from "./variable.ts"

/** Where the agent runs, what it serves besides addresses, and Berth's own settings. */
export const nodeVariables = {
  MY_NODE_NAME: text("", "Name of the Node object; the DaemonSet sets it from spec.nodeName."),
  MY_POD_NAME: text("", "Name of the agent's own pod, for events."),
  AWS_VPC_K8S_CNI_LOGLEVEL: choice(
    "info",
    ["debug", "info", "warn", "error", "fatal"],
    "Least severe log line that is written; can be changed at run time through the introspection endpoint.",
    { onInvalid: "default" },
  ),
  AWS_VPC_K8S_CNI_LOG_FILE: text("stdout", "stdout, stderr, or a file that is rotated at 100 MB."),
  DISABLE_METRICS: bool(false, "No Prometheus endpoint."),
  DISABLE_INTROSPECTION: bool(false, "No introspection endpoint."),
  INTROSPECTION_BIND_ADDRESS: text(
    "unix:/var/run/aws-node/introspection.sock",
    "Where the introspection endpoint listens: unix:PATH or ADDRESS:PORT.",
  ),
  HOST_CNI_BIN_PATH: text("/host/opt/cni/bin", "Folder of the host's CNI plugins."),
  HOST_CNI_CONFDIR_PATH: text("/host/etc/cni/net.d", "Folder of the host's CNI configuration."),
  ENABLE_BANDWIDTH_PLUGIN: bool(
    false,
    "Append the bandwidth plugin to the CNI configuration, for the kubernetes.io/*-bandwidth annotations.",
  ),
  DISABLE_POD_V6: bool(false, "Append the tuning plugin, which turns IPv6 off in pods."),
  ANNOTATE_POD_IP: bool(
    false,
    "Write the annotation vpc.amazonaws.com/pod-ips on pods, which Calico's policies read; needs deploy/annotate-pods.yaml.",
  ),
  ENABLE_POD_ENI: bool(
    false,
    "Serve pods that request vpc.amazonaws.com/pod-eni by the branch interface that the control plane of EKS gives them; SecurityGroupPolicies are served without it.",
  ),
  BERTH_METRICS_BIND_ADDRESS: text(
    ":61678",
    "Where the Prometheus endpoint listens: unix:PATH or ADDRESS:PORT.",
  ),
  BERTH_SOCKET: text("/var/run/aws-node/berth.sock", "Socket on which the CNI plugin calls."),
  BERTH_HOST_SOCKET: text("", "The same socket as the host sees it; BERTH_SOCKET when not set."),
  BERTH_STATE_DIR: text("/var/run/aws-node", "Folder of the journal."),
  BERTH_KERNEL: choice(
    "netlink",
    ["netlink", "memory"],
    "memory decides addresses and wires nothing: for machines without the rights for namespaces.",
  ),
}
