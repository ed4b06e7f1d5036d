import { fail } from "../../errors/catalogue.ts"
import type { Change } from "../../kernel/kernel.ts"
import { exitRoutes, isolation } from "./eni-routing.ts"

/** A branch interface of one pod: what comes to the trunk with its VLAN tag. */
export interface BranchLink {
  /** 1 to 120. */
  readonly vlan: number
  readonly mac: string
  readonly subnetCIDR: string
  /** Name of the trunk's link. */
  readonly trunk: string
}

const firstTable = 100
/** What a trunk carries at most, whatever the type of the instance; 153 to 155 would take Linux's own tables. */
export const lastVlan = 120

/** As the original names it. */
export const branchLinkName = (vlan: number): string => `vlan.eth.${vlan}`

/** The original's table of a branch. ENIs have tables below 100 or from 10000 on (tableOf). */
export const branchTableOf = (vlan: number): number => firstTable + vlan

/** The other way round; undefined for the table of an ENI. */
export function vlanOfTable(table: number): number | undefined {
  const vlan = table - firstTable
  return vlan >= 1 && vlan <= lastVlan ? vlan : undefined
}

/** What the host needs for a branch, the pod's own wiring apart. Errors: kernel/refused. */
export function planBranch(
  { vlan, mac, subnetCIDR, trunk }: BranchLink,
  { mtu, alias, isolated }: { mtu: number; alias: string; isolated: boolean },
): Change[] {
  const name = branchLinkName(vlan)
  const table = branchTableOf(vlan)
  const routes = exitRoutes(subnetCIDR, name, table)
  if (!routes) {
    const why = `"${subnetCIDR}" is not a CIDR block`
    throw fail("kernel/refused", { operation: "set up", object: name, errno: "EINVAL", why })
  }
  return [
    { do: "addVlan", name, parent: trunk, id: vlan, mac, mtu },
    { do: "setLink", name, up: true, alias },
    ...routes,
    ...(isolated ? isolation(name, table) : []),
  ]
}
