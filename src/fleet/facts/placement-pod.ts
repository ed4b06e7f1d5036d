import { found } from "../../placement/read.ts"
import type { PodFacts } from "../snapshot.ts"
import type { FleetIndex } from "./fleet-index.ts"

/** A pod as placement decisions see it. */
export function placementPod(index: Pick<FleetIndex, "snapshot">, pod: PodFacts) {
  const { namespaces, serviceAccounts } = index.snapshot.cluster
  const account = pod.serviceAccount ?? "default"
  return {
    name: pod.name,
    namespace: pod.namespace,
    labels: pod.labels ?? {},
    serviceAccount: account,
    namespaceLabels: found(namespaces.find((n) => n.name === pod.namespace)?.labels ?? {}),
    serviceAccountLabels: found(
      serviceAccounts.find((a) => a.namespace === pod.namespace && a.name === account)?.labels ??
        {},
    ),
  }
}
