import { entry } from "./berth-error.ts"

/** What the agent answers to a CNI call that cannot succeed. CNI codes: spec 1.1, section "Error". */
export const cniErrors = {
  "cni/incompatible-version": entry<{ version: string; supported: readonly string[] }>({
    says: (d) => `CNI version ${d.version} is not supported (supported: ${d.supported.join(", ")})`,
    hint: "Set cniVersion in the network configuration to a supported version.",
    cni: 1,
  }),
  "cni/bad-environment": entry<{ variable: string; why: string }>({
    says: (d) => `${d.variable}: ${d.why}`,
    hint: "The runtime must set the CNI variables as the specification says.",
    cni: 4,
  }),
  "cni/bad-config": entry<{ why: string }>({
    says: (d) => `the network configuration cannot be used: ${d.why}`,
    hint: "Reinstall the configuration by restarting the aws-node pod of this node.",
    cni: 7,
  }),
  "cni/no-address": entry<{ pod: string; node: string; why: string; hint: string }>({
    says: (d) => `pod ${d.pod} on node ${d.node} gets no address: ${d.why}`,
    hint: (d) => d.hint,
    cni: 11,
  }),
  "cni/no-branch": entry<{ pod: string; why: string }>({
    says: (d) => `pod ${d.pod} has no branch interface: ${d.why}`,
    hint: "The VPC resource controller of the control plane gives it: kubectl describe the pod and the CNINode of its node. Without ENABLE_POD_ENI Berth serves SecurityGroupPolicies by itself.",
    cni: 11,
  }),
  "cni/unknown-container": entry<{ container: string }>({
    says: (d) => `container ${d.container} has no attachment on this node`,
    hint: "The runtime recreates the sandbox; nothing needs to be done.",
    cni: 3,
  }),
  "cni/check-failed": entry<{ container: string; problems: readonly string[] }>({
    says: (d) => `the network of container ${d.container} is damaged: ${d.problems.join("; ")}`,
    hint: "The agent repairs rules and routes by itself; delete the pod if its interface is gone.",
    cni: 100,
  }),
  "cni/not-available": entry<{ why: string }>({
    says: (d) => `the node cannot attach pods: ${d.why}`,
    hint: "kubectl describe nodenetwork NODE says what is missing.",
    cni: 50,
  }),
}
