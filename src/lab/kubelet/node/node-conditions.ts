import type { Node } from "../../../api/core.ts"
import { stamp } from "../../loops/stamp.ts"

type NodeCondition = NonNullable<NonNullable<Node["status"]>["conditions"]>[number]

/** As containerd says through the CRI while no configuration is in net.d; kubelet puts its own words before it. */
export const networkNotReady =
  "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"

const pressures = [
  ["MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
] as const

/** The conditions a kubelet reports; transition times move only when a status does. */
export function nodeConditions(
  earlier: readonly NodeCondition[] | undefined,
  networkReady: boolean,
  now: number,
): NodeCondition[] {
  const conditions = [
    ...pressures.map(([type, reason, message]) => ({ type, status: "False", reason, message })),
    networkReady
      ? {
          type: "Ready",
          status: "True",
          reason: "KubeletReady",
          message: "kubelet is posting ready status",
        }
      : {
          type: "Ready",
          status: "False",
          reason: "KubeletNotReady",
          message: networkNotReady,
        },
  ]
  return conditions.map((c) => {
    const before = earlier?.find((e) => e.type === c.type)
    const since = before?.status === c.status ? before.lastTransitionTime : undefined
    return { ...c, lastHeartbeatTime: stamp(now), lastTransitionTime: since ?? stamp(now) }
  })
}
