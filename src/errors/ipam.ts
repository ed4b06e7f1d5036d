import { entry } from "./berth-error.ts"

/** Why a node cannot have the addresses that its pods wait for. */
export const ipamErrors = {
  "ipam/no-interface-slot": entry<{
    node: string
    object: string
    used: number
    limit: number
    foreign: number
  }>({
    says: (d) =>
      `node ${d.node} cannot attach another ENI for ${d.object}: ${d.used} of ${d.limit} are attached` +
      (d.foreign > 0 ? `, ${d.foreign} of them not Berth's` : ""),
    hint: "Use a larger instance type or prefix delegation, raise MAX_ENI, or lower max-pods (berth max-pods).",
    cni: 11,
  }),
  "ipam/subnets-full": entry<{ object: string; subnets: readonly { id: string; why: string }[] }>({
    says: (d) =>
      `no subnet of ${d.object} can give an address: ${d.subnets.map((s) => `${s.id}: ${s.why}`).join("; ")}`,
    hint: (d) =>
      `Add a subnet to ${d.object}, or free addresses (kubectl berth explain subnet ${d.subnets[0]?.id ?? ""}).`,
    cni: 11,
  }),
  "ipam/quota-reached": entry<{ pool: string; namespace: string; used: number; quota: number }>({
    says: (d) =>
      `namespace ${d.namespace} has ${d.used} addresses of SubnetPool/${d.pool}, which allows each namespace ${d.quota}`,
    hint: (d) =>
      `Delete pods of the namespace, or raise spec.quotaPerNamespace of SubnetPool/${d.pool}; waiting pods go on at once.`,
    cni: 11,
  }),
  "ipam/quota-uncounted": entry<{ pool: string; nodes: readonly string[] }>({
    says: (d) =>
      `the addresses of SubnetPool/${d.pool} in use are being counted for its quota: ${d.nodes.slice(0, 3).join(", ")} ` +
      `${d.nodes.length > 3 ? `and ${d.nodes.length - 3} more nodes have` : d.nodes.length > 1 ? "have" : "has"} not answered yet`,
    hint: (d) =>
      `It takes seconds; if it lasts, look at the agent of ${d.nodes[0] ?? "the node"} (kubectl describe nodenetwork ${d.nodes[0] ?? ""}).`,
    cni: 11,
  }),
  "ipam/provisioning-off": entry<{ node: string }>({
    says: (d) => `node ${d.node} has no free address, and Berth may not ask EC2 for one`,
    hint: "Unset DISABLE_NETWORK_RESOURCE_PROVISIONING, or attach addresses to the node's ENIs yourself.",
    cni: 11,
  }),
}
