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
  "ipam/provisioning-off": entry<{ node: string }>({
    says: (d) => `node ${d.node} has no free address, and Berth may not ask EC2 for one`,
    hint: "Unset DISABLE_NETWORK_RESOURCE_PROVISIONING, or attach addresses to the node's ENIs yourself.",
    cni: 11,
  }),
}
