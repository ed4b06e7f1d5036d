import type { Core } from "./core.ts"
import { createInterface } from "./interfaces.ts"

const addressesPerInterface = 50

/**
 * Takes addresses of a subnet as somebody else in the VPC would (load balancers, endpoints, functions): interfaces
 * that no user can change. Faults when the subnet has fewer.
 */
export function occupyAddresses(
  core: Core,
  input: { readonly subnetId: string; readonly count: number; readonly description?: string },
): void {
  for (let left = input.count; left > 0; left -= addressesPerInterface)
    createInterface(core, {
      subnetId: input.subnetId,
      description: input.description ?? "ELB app/somebody-else",
      type: "other",
      serviceType: "network_load_balancer",
      addressCount: Math.min(left, addressesPerInterface) - 1,
    })
}
