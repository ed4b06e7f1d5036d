import { setTimeout as delay } from "node:timers/promises"
import type { KubeObject } from "../../api/meta.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Arguments } from "./arguments.ts"
import { target } from "./verbs.ts"

const pollMs = 300

interface Workload extends KubeObject {
  spec: { replicas?: number }
  status?: {
    observedGeneration?: number
    replicas?: number
    updatedReplicas?: number
    availableReplicas?: number
    desiredNumberScheduled?: number
    updatedNumberScheduled?: number
    numberAvailable?: number
  }
}

/** `rollout restart|status KIND NAME` */
export async function rollout(kube: Kube, args: Arguments): Promise<number> {
  const { resource, name, namespace } = target(args, 1)
  const at = { name, ...(namespace ? { namespace } : {}) }
  if (args.words[0] === "restart") {
    const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() }
    await kube.patch(resource, at, {
      type: "merge",
      body: { spec: { template: { metadata: { annotations } } } },
    })
    console.log(`${resource.kind.toLowerCase()}.apps/${name} restarted`)
    return 0
  }
  const limit = Number.parseInt(args.options.get("timeout") ?? "3600", 10)
  const deadline = Date.now() + limit * 1000
  for (;;) {
    const object = (await kube.get(resource, name, namespace)) as Workload | undefined
    if (!object) throw new Error(`${resource.plural} "${name}" not found`)
    if (complete(object)) {
      console.log(`${resource.kind.toLowerCase()} "${name}" successfully rolled out`)
      return 0
    }
    if (Date.now() > deadline) throw new Error("timed out waiting for the condition")
    await delay(pollMs)
  }
}

function complete({ metadata, spec, status = {} }: Workload): boolean {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false
  if (status.desiredNumberScheduled !== undefined) {
    return (
      status.updatedNumberScheduled === status.desiredNumberScheduled &&
      status.numberAvailable === status.desiredNumberScheduled
    )
  }
  const wanted = spec.replicas ?? 1
  return (
    status.updatedReplicas === wanted &&
    status.replicas === wanted &&
    (status.availableReplicas ?? 0) >= wanted
  )
}
