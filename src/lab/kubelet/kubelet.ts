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
import { newPodRuntime, type PodRuntime } from "./pod/pod-runtime.ts"
import { PodWorker, type PodWorkerContext } from "./pod/pod-worker.ts"
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
}

export interface Kubelet {
  readonly node: Node
  readonly runtimes: ReadonlyMap<string, PodRuntime>
  /** Ends the kubelet; what it started goes on, as with a real one. */
  stop(): Promise<void>
}

/** A kubelet without containers: everything a node does towards the API and its pods' networks. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { node, runtimes, clock, sandboxes } = options
  const log = options.log.child({ node: node.metadata.name })
  const ending = new AbortController()
  const { signal } = ending
  const reporter = startNodeReporter({
    ...options,
    log,
    signal,
    networkReady: () => sandboxes.networkReady,
  })
  const workers = new Map<string, PodWorker>()
  const context = workerContext({ ...options, log })
  const serve = (runtime: PodRuntime) => {
    const uid = runtime.pod.metadata.uid ?? ""
    const worker = new PodWorker(context, runtime)
    workers.set(uid, worker)
    void worker.done.then(() => {
      if (workers.get(uid) === worker && !signal.aborted) {
        workers.delete(uid)
        runtimes.delete(uid)
      }
    })
    return worker
  }
  const informer = new Informer<LabPod>({
    ...options,
    log,
    signal,
    resource: labPods,
    query: { fieldSelector: `spec.nodeName=${node.metadata.name}` },
  })
  await informer.synced().catch(() => {})
  for (const runtime of runtimes.values()) serve(runtime)
  informer.onChange(({ object, previous }) => {
    // A name may be taken again by another pod: the worker goes by uid.
    if (previous && previous.metadata.uid !== object?.metadata.uid)
      workers.get(previous.metadata.uid ?? "")?.update(undefined)
    if (!object) return
    const uid = object.metadata.uid ?? ""
    const worker = workers.get(uid)
    if (worker) return worker.update(object)
    const others = [...runtimes.values()].map((r) => r.pod)
    const refused = isFinished(object) ? undefined : rejection(object, others, node)
    if (refused) return reject(options, object, refused)
    const runtime = newPodRuntime(object, clock.now())
    runtimes.set(uid, runtime)
    serve(runtime)
  })
  // Pods that went away while no kubelet looked.
  const present = new Set(informer.list().map((p) => p.metadata.uid))
  for (const [uid, worker] of workers) if (!present.has(uid)) worker.update(undefined)
  return {
    node,
    runtimes,
    async stop() {
      ending.abort()
      for (const worker of workers.values()) worker.stop()
      await Promise.all([...workers.values()].map((w) => w.done))
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
