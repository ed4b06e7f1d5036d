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
}
