import type { FabricNode, FabricState, InterfaceState } from "./fabric.ts"
import { nearEndOf } from "./far-end.ts"
import { deniedCounter, drops } from "./vpc-rules.ts"
import { blocksOf, type VpcView } from "./vpc-view.ts"

interface StateInput {
  readonly view: VpcView
  readonly nodes: readonly FabricNode[]
  readonly stateOfInterface: (eniId: string) => InterfaceState["state"]
  /** As `nft -j list table` prints it. */
  readonly table: unknown
}

export function stateOf({ view, nodes, stateOfInterface, table }: StateInput): FabricState {
  const counters = countersIn(table)
  const interfaces = view.interfaces.map(
    (eni): InterfaceState => ({
      id: eni.id,
      instanceId: eni.instanceId,
      link: nearEndOf(eni.deviceIndex),
      state: stateOfInterface(eni.id),
      owns: blocksOf(eni),
      groups: eni.groups,
      denied: {
        in: counters.get(deniedCounter(eni.id, "in")) ?? 0,
        out: counters.get(deniedCounter(eni.id, "out")) ?? 0,
      },
    }),
  )
  const dropped = Object.fromEntries(
    Object.values(drops).map((reason) => [reason, counters.get(reason) ?? 0]),
  )
  return { nodes, interfaces, dropped }
}

interface Listed {
  readonly nftables?: readonly {
    readonly counter?: { readonly name: string; readonly packets: number }
  }[]
}

const countersIn = (table: unknown): Map<string, number> =>
  new Map(
    ((table as Listed | undefined)?.nftables ?? []).flatMap(({ counter }) =>
      counter ? [[counter.name, counter.packets] as const] : [],
    ),
  )
