import type { Zone } from "../scenarios/harbour.ts"
import type { PodRow } from "./cluster-view.ts"
import { batchSecurityGroup, batchSubnet, podSecurityGroup, podSubnets } from "./exhausted.ts"

/** Where the operator wanted the pods of a node: by its ENIConfig annotation when it has one, else by its zone. */
export function wantedPlacement(
  zone: Zone,
  batchNode: boolean,
): { subnet: string; securityGroups: string } {
  return batchNode
    ? { subnet: batchSubnet, securityGroups: batchSecurityGroup }
    : { subnet: podSubnets[zone], securityGroups: podSecurityGroup }
}

/** Everything that is not as the operator wanted it, one sentence each; empty is success. */
export function verify(
  rows: readonly PodRow[],
  wanted: {
    replicas: number
    batchNodes: ReadonlySet<string>
    reachable: ReadonlySet<string> | undefined
  },
): string[] {
  const wrong: string[] = []
  const running = rows.filter((r) => r.running)
  if (running.length !== wanted.replicas)
    wrong.push(`${running.length} of ${wanted.replicas} pods run`)
  for (const row of running) {
    const want = wantedPlacement(row.zone as Zone, wanted.batchNodes.has(row.node))
    if (row.subnet !== want.subnet)
      wrong.push(
        `${row.pod} on ${row.node} is in ${row.subnet || "no known subnet"}, not in ${want.subnet}`,
      )
    const groups = row.securityGroups.join(",")
    if (groups !== want.securityGroups)
      wrong.push(
        `${row.pod} on ${row.node} has ${groups || "no security group"}, not ${want.securityGroups}`,
      )
    if (wanted.reachable && !wanted.reachable.has(row.address))
      wrong.push(`${row.pod} at ${row.address} does not answer`)
  }
  const held = new Map<string, string>()
  for (const row of running) {
    const other = held.get(row.address)
    if (other) wrong.push(`${row.pod} and ${other} have the same address ${row.address}`)
    held.set(row.address, row.pod)
  }
  return wrong
}
