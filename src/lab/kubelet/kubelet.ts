import type { Node } from "../../api/core.ts"
import type { Clock } from "../../clock.ts"
import { Informer } from "../../kube/informer.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Logger } from "../../log.ts"
import type { RecordEvent } from "../loops/cluster.ts"
import { isFinished, type LabPod, labPods, type PodStatus } from "../loops/pod.ts"
import { startNodeReporter } from "./node/node-registration.ts"
import { rejection } from "./pod/admission.ts"
import type { StartContainer } from "./pod/container-starter.ts"
import type { ContainersContext } from "./pod/pod-containers.ts"
import type { PodRuntime } from "./pod/pod-runtime.ts"
import type { PodWorkerContext } from "./pod/pod-worker.ts"
import { PodWorkers } from "./pod/pod-workers.ts"
import type { Sandboxes } from "./runtime/sandbox.ts"

export interface KubeletOptions {
  kube: Kube
  clock: Clock
  random: () => number
  log: Logger
  record: RecordEvent
  node: Node
  hostAddress: string
  sandboxes: Sandboxes
  /** What runs on the node, by pod uid: kept by the caller, so that a restarted kubelet finds it. */
  runtimes: Map<string, PodRuntime>
  startContainer: StartContainer
  probeTarget: ContainersContext["probeTarget"]
  logFolder: string
  readBackMs?: number
  /** Until a failed pod is tried again, and up to half as much more. Default: as the kubelet, 10 s. */
  retryMs?: number
}

export interface Kubelet {
  readonly node: Node
  readonly runtimes: ReadonlyMap<string, PodRuntime>
  /** Ends the kubelet; what it started goes on, as with a real one. */
  stop(): Promise<void>
}

/** A kubelet without containers: everything a node does towards the API and its pods' networks. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { node, runtimes, sandboxes } = options
  const log = options.log.child({ node: node.metadata.name })
  const ending = new AbortController()
  const { signal } = ending
  const common = { ...options, log, signal }
  const networkReady = () => sandboxes.networkReady
  const reporter = startNodeReporter({ ...common, networkReady })
  const informer = new Informer<LabPod>({
    ...common,
    resource: labPods,
    query: { fieldSelector: `spec.nodeName=${node.metadata.name}` },
  })
  await informer.synced().catch(() => {})
  const workers = new PodWorkers(workerContext(common), {
    runtimes,
    admit: (pod) => {
      const others = [...runtimes.values()].map((r) => r.pod)
      const refused = isFinished(pod) ? undefined : rejection(pod, others, node)
      if (refused) reject(common, pod, refused)
      return refused === undefined
    },
  })
  informer.onChange((change) => workers.apply(change))
  // Pods that went away while no kubelet looked.
  workers.keep(new Set(informer.list().map((p) => p.metadata.uid ?? "")))
  return {
    node,
    runtimes,
    async stop() {
      ending.abort()
      await workers.stop()
      await Promise.all([reporter.done, informer.done])
    },
  }
}

/** A pod that was rejected stays as failed until its controller removes it; no worker serves it. */
function reject({ kube, log, record }: KubeletOptions, pod: LabPod, status: PodStatus): void {
  record(pod, "Warning", status.reason ?? "", status.message ?? "")
  kube
    .patch(labPods, pod.metadata, { type: "merge", subresource: "status", body: { status } })
    .catch((error: Error) => log.warn("rejection not written", { error: error.message }))
}

function workerContext(options: KubeletOptions): PodWorkerContext {
  const { kube, startContainer: start } = options
  return {
    ...options,
    start,
    async writeStatus(pod, status) {
      // Conditions are merged by type: those of readiness gates belong to others.
      await kube.patch(labPods, pod.metadata, {
        type: "strategic",
        subresource: "status",
        body: { metadata: { uid: pod.metadata.uid }, status },
      })
    },
    async confirmDeletion(pod) {
      const { uid } = pod.metadata
      await kube.remove(labPods, pod.metadata, {
        gracePeriodSeconds: 0,
        ...(uid === undefined ? {} : { uid }),
      })
    },
  }
}
