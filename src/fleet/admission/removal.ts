import type { NodeNetwork } from "../../api/nodenetwork.ts"
import { fail } from "../../errors/catalogue.ts"
import { parsePlacementKey } from "../../placement/placement.ts"
import { type AdmissionFinding, deny, firstOf } from "./finding.ts"

/** Why an ENIConfig or SubnetPool must not be deleted: nodes bound to it, and pods that have its addresses. */
export function removalFindings(
  kind: "ENIConfig" | "SubnetPool",
  name: string,
  nodeNetworks: readonly NodeNetwork[],
): AdmissionFinding[] {
  const object = `${kind}/${name}`
  const users = nodeNetworks.flatMap((node) => usesOf(kind, name, node))
  return users.length === 0
    ? []
    : [deny(object, fail("admission/in-use", { object, users: firstOf(users) }))]
}

function usesOf(kind: "ENIConfig" | "SubnetPool", name: string, node: NodeNetwork): string[] {
  const { status, spec, metadata } = node
  const { binding } = status ?? {}
  const isBound =
    binding?.name === name && (binding.source === "SubnetPool") === (kind === "SubnetPool")
  const pods = spec.demand
    .filter(({ placement }) => {
      const selector = parsePlacementKey(placement)
      if (selector?.pool !== undefined) return kind === "SubnetPool" && selector.pool === name
      return isBound
    })
    .reduce((sum, { inUse, waiting }) => sum + inUse + waiting, 0)
  if (isBound) return [`node ${metadata.name} is bound to it${pods > 0 ? ` (${pods} pods)` : ""}`]
  return pods > 0 ? [`${pods} pods of node ${metadata.name}`] : []
}
