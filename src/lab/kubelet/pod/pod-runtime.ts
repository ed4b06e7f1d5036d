import type { LabPod } from "../../loops/pod.ts"
import type { RunningContainer } from "../runtime/container.ts"
import type { ContainerLog } from "../runtime/container-log.ts"
import type { Sandbox } from "../runtime/sandbox.ts"
import { RestartBackoff } from "./backoff.ts"
import type { ContainerRecord } from "./pod-status.ts"

/** One container over its restarts. */
export interface ContainerEntry extends ContainerRecord {
  running?: RunningContainer
  /** When it may start again; absent until it has exited once. */
  restartAt?: number
  backoff: RestartBackoff
  /** Logs of the present and the previous run. */
  log?: ContainerLog
  previousLog?: ContainerLog
}

/** What runs on the node for one pod. It outlives the kubelet, which finds it again after a restart. */
export interface PodRuntime {
  /** As the kubelet last saw it. */
  pod: LabPod
  startTime: number
  sandbox?: Sandbox
  readonly containers: Map<string, ContainerEntry>
}

export const newPodRuntime = (pod: LabPod, now: number): PodRuntime => ({
  pod,
  startTime: now,
  containers: new Map(),
})

export function entryOf(runtime: PodRuntime, name: string): ContainerEntry {
  let entry = runtime.containers.get(name)
  if (!entry) {
    entry = {
      state: { waiting: { reason: "ContainerCreating" } },
      lastState: {},
      restartCount: 0,
      ready: false,
      started: false,
      backoff: new RestartBackoff(),
    }
    runtime.containers.set(name, entry)
  }
  return entry
}
