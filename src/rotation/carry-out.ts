import { nodeClaims, nodes, pods } from "../api/resources.ts"
import type { RotationAction } from "../fleet/rotation/rotation-view.ts"
import { KubeError } from "../kube/kube.ts"
import { instanceOf } from "./read-view.ts"
import type { RotationPorts } from "./rotation-ports.ts"

/** Carries out one action. What an eviction is refused with is noted in `refusals`; everything else that fails rejects. */
export async function carryOut(
  ports: RotationPorts,
  action: RotationAction,
  refusals: Map<string, string>,
): Promise<void> {
  switch (action.do) {
    case "scale":
      return ports.groups.scale(action.group, action.atLeast)
    case "restore":
      return ports.groups.restore(action.group)
    case "cordon":
      return setUnschedulable(ports, action.node, true)
    case "uncordon":
      return setUnschedulable(ports, action.node, false)
    case "evict":
      return evict(ports, action, refusals)
    case "terminate":
      return terminate(ports, action)
  }
}

async function setUnschedulable({ kube }: RotationPorts, name: string, value: boolean) {
  // null removes the field, as kubectl uncordon does.
  const body = { spec: { unschedulable: value ? true : null } }
  try {
    await kube.patch(nodes, { name }, { type: "merge", body })
  } catch (error) {
    if (!(error instanceof KubeError && error.status === 404)) throw error
  }
}

/** 429: a PodDisruptionBudget. 500: several budgets select the pod, which the API does not support. 404: it is gone. */
const refusing = new Set([429, 500])

async function evict(
  { kube }: RotationPorts,
  { namespace, name }: { namespace: string; name: string },
  refusals: Map<string, string>,
): Promise<void> {
  const key = `${namespace}/${name}`
  const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name } }
  try {
    await kube.createSubresource(pods, { namespace, name }, "eviction", body)
    refusals.delete(key)
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    if (refusing.has(error.status)) refusals.set(key, error.message)
    else if (error.status === 404) refusals.delete(key)
    else throw error
  }
}

async function terminate(
  { kube, groups, nodes: all }: RotationPorts,
  action: Extract<RotationAction, { do: "terminate" }>,
): Promise<void> {
  if (action.group.kind === "karpenter")
    return kube.remove(nodeClaims, { name: action.group.nodeClaim })
  const node = all().find((n) => n.metadata.uid === action.uid)
  const id = node === undefined ? undefined : instanceOf(node)
  if (id === undefined) return
  const group = action.group.kind === "scaling-group" ? action.group.name : undefined
  await groups.terminate(id, group, action.keepSize)
}
