import type { Change } from "../../../kube/informer.ts"
import type { LabPod } from "../../loops/pod.ts"
import { newPodRuntime, type PodRuntime } from "./pod-runtime.ts"
import { PodWorker, type PodWorkerContext } from "./pod-worker.ts"

export interface PodWorkersOptions {
  /** What runs on the node, by pod uid; every entry gets a worker at once. */
  runtimes: Map<string, PodRuntime>
  /** False when the node does not take the pod. */
  admit: (pod: LabPod) => boolean
}

/** One worker for every pod of a node, by uid: a name may be taken again by another pod. */
export class PodWorkers {
  readonly #context: PodWorkerContext
  readonly #options: PodWorkersOptions
  readonly #workers = new Map<string, PodWorker>()
  /** Pods that are over here and still in the API, held by somebody's finalizer. */
  readonly #over = new Set<string>()
  #stopped = false

  constructor(context: PodWorkerContext, options: PodWorkersOptions) {
    this.#context = context
    this.#options = options
    for (const runtime of options.runtimes.values()) this.#serve(runtime)
  }

  apply({ object, previous }: Change<LabPod>): void {
    const before = previous?.metadata.uid
    const uid = object?.metadata.uid
    if (before !== undefined && before !== uid) {
      this.#workers.get(before)?.update(undefined)
      this.#over.delete(before)
    }
    if (!object || uid === undefined || this.#over.has(uid)) return
    const worker = this.#workers.get(uid)
    if (worker) worker.update(object)
    else if (this.#options.admit(object)) {
      const runtime = newPodRuntime(object, this.#context.clock.now())
      this.#options.runtimes.set(uid, runtime)
      this.#serve(runtime)
    }
  }

  /** Ends the workers of all pods but these. */
  keep(uids: ReadonlySet<string>): void {
    for (const [uid, worker] of this.#workers) if (!uids.has(uid)) worker.update(undefined)
  }

  /** Whatever runs goes on. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const worker of this.#workers.values()) worker.stop()
    await Promise.all([...this.#workers.values()].map((w) => w.done))
  }

  #serve(runtime: PodRuntime): void {
    const uid = runtime.pod.metadata.uid ?? ""
    const worker = new PodWorker(this.#context, runtime)
    this.#workers.set(uid, worker)
    void worker.done.then(() => {
      if (this.#stopped) return
      this.#workers.delete(uid)
      this.#options.runtimes.delete(uid)
      if (!worker.gone) this.#over.add(uid)
    })
  }
}
