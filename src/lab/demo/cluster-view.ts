import type { Pod } from "../../api/core.ts"
import type { NetworkInterface } from "../../vpc/model.ts"
import type { Shell } from "./shell.ts"

/** One pod as the before/after table shows it. */
export interface PodRow {
  readonly pod: string
  readonly node: string
  readonly zone: string
  /** "" while it has none. */
  readonly address: string
  readonly subnet: string
  readonly securityGroups: readonly string[]
  /** What a host on the internet sees as its source; "" when it was not asked. */
  readonly seenAs: string
  readonly running: boolean
}

/** The pods of the demo's namespace that are not on their way out. */
export async function readPods(shell: Shell, namespace: string): Promise<Pod[]> {
  const items = await readList<Pod>(shell, `kubectl get pods -n ${namespace} -o json`)
  return items.filter((p) => p.metadata.deletionTimestamp === undefined)
}

/** The items of a `kubectl get ... -o json`; throws with kubectl's own words. */
export async function readList<T>(shell: Shell, line: string): Promise<T[]> {
  const got = await shell(line)
  if (got.exit !== 0) throw new Error(`${line}: ${got.stderr.trim()}`)
  return (JSON.parse(got.stdout) as { items: T[] }).items
}

export const isRunning = (pod: Pod): boolean =>
  pod.status?.phase === "Running" && pod.status.podIP !== undefined && pod.status.podIP !== ""

/** Joins pods with the ENIs that hold their addresses. */
export function podRows(
  pods: readonly Pod[],
  interfaces: readonly NetworkInterface[],
  zoneOfNode: ReadonlyMap<string, string>,
  seenAs: ReadonlyMap<string, string>,
): PodRow[] {
  const holder = new Map<string, NetworkInterface>()
  for (const eni of interfaces)
    for (const a of [eni.primaryAddress, ...eni.addresses]) holder.set(a, eni)
  return pods
    .map((pod) => {
      const address = pod.status?.podIP ?? ""
      const eni = holder.get(address)
      const node = pod.spec.nodeName ?? ""
      return {
        pod: pod.metadata.name,
        node,
        zone: zoneOfNode.get(node) ?? "",
        address,
        subnet: eni?.subnetId ?? "",
        securityGroups: eni?.securityGroups ?? [],
        seenAs: seenAs.get(pod.metadata.name) ?? "",
        running: isRunning(pod),
      }
    })
    .sort(
      (a, b) =>
        a.zone.localeCompare(b.zone) || a.node.localeCompare(b.node) || a.pod.localeCompare(b.pod),
    )
}
