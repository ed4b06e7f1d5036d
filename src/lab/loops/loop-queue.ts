import type { KubeObject } from "../../api/meta.ts"
import { keyOfObject } from "../../kube/resource-path.ts"
import { WorkQueue } from "../../kube/work-queue.ts"
import type { LoopContext } from "./cluster.ts"
import { controllerOf } from "./owner.ts"
import type { View } from "./view.ts"

/** Every object is looked at again this often, whether or not something was heard of it. */
const resyncMs = 60_000

export interface LoopOptions<T extends KubeObject> {
  name: string
  over: View<T>
  /** Kinds whose changes concern the object that controls them. */
  children?: readonly View<never>[]
  /** Brings the object one step further. Returns after how many ms it wants to be asked again. */
  step: (object: T) => Promise<number | undefined>
}

/** A level-triggered loop over one kind: any change of an object or its children puts its key into a bounded queue. */
export function startLoop<T extends KubeObject>(
  context: LoopContext,
  { name, over, children = [], step }: LoopOptions<T>,
): WorkQueue {
  const log = context.log.child({ loop: name })
  const queue = new WorkQueue({
    ...context,
    concurrency: 4,
    limit: 10_000,
    retryBaseMs: 100,
    retryMaxMs: 30_000,
    work: async (key) => {
      const object = over.get(key)
      return object ? await step(object) : undefined
    },
    onError: (key, error, retryInMs) =>
      log.warn("step failed", { key, error: (error as Error).message, retryInMs }),
  })
  over.onChange((object) => {
    const key = keyOfObject(object)
    if (over.get(key)) queue.add(key)
    else queue.forget(key)
  })
  for (const view of children)
    view.onChange((child: KubeObject) => {
      const owner = controllerOf(child)
      if (owner?.kind === over.resource.kind)
        queue.add(keyOfObject({ ...child, metadata: { ...child.metadata, name: owner.name } }))
    })
  void resync(context, () => {
    for (const object of over.list()) queue.add(keyOfObject(object))
  })
  return queue
}

async function resync({ clock, signal }: LoopContext, all: () => void): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(resyncMs, signal).catch(() => {})
    if (!signal.aborted) all()
  }
}
