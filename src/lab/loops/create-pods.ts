import type { KubeObject } from "../../api/meta.ts"
import { KubeError } from "../../kube/kube.ts"
import type { Cluster } from "./cluster.ts"
import type { LabPod } from "./pod.ts"

/** Creates a controller's pods with the events that `kubectl describe` shows; stops at the first refusal. */
export async function createPods(
  cluster: Cluster,
  owner: KubeObject,
  pods: readonly LabPod[],
): Promise<void> {
  for (const pod of pods) {
    try {
      const created = await cluster.pods.create(pod)
      const name = created.metadata.name
      cluster.record(owner, "Normal", "SuccessfulCreate", `Created pod: ${name}`)
    } catch (error) {
      // Its namespace is being deleted: nothing to create and nothing to complain about.
      if (error instanceof KubeError && /being terminated/.test(error.message)) return
      const why = `Error creating: ${(error as Error).message}`
      cluster.record(owner, "Warning", "FailedCreate", why)
      throw error
    }
  }
}

export async function removePods(
  cluster: Cluster,
  owner: KubeObject,
  pods: readonly LabPod[],
): Promise<void> {
  for (const pod of pods) {
    await cluster.pods.remove(pod)
    const name = pod.metadata.name
    cluster.record(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`)
  }
}
