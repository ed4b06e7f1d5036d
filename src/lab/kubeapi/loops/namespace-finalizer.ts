import { KubeError } from "../../../kube/kube.ts"
import type { Logger } from "../../../log.ts"
import type { ApiObject } from "../api-object.ts"
import { arrayAt, asObject, stringAt } from "../json.ts"
import type { Core } from "../write/core.ts"
import { remove } from "../write/remove.ts"
import { modify } from "../write/update.ts"
import { WorkQueue } from "./work-queue.ts"

/** Empties namespaces that are being deleted, and lets them go when nothing is left in them. */
export function startNamespaceFinalizer(core: Core, log: Logger): Disposable {
  const ending = new Set<string>()
  const queue = new WorkQueue((name) => empty(core, name), log)
  const listener = core.store.listen((collection, change) => {
    const { name, namespace = "", deletionTimestamp } = change.object.metadata
    if (collection === "/namespaces") {
      if (change.type === "DELETED") ending.delete(name)
      else if (deletionTimestamp !== undefined) {
        ending.add(name)
        queue.add(name)
      }
    } else if (change.type === "DELETED" && ending.has(namespace)) queue.add(namespace)
  })
  return {
    [Symbol.dispose]: () => {
      listener[Symbol.dispose]()
      queue[Symbol.dispose]()
    },
  }
}

async function empty(core: Core, name: string): Promise<void> {
  const namespace = core.store.collection("/namespaces").get(name)
  if (namespace?.metadata.deletionTimestamp === undefined) return
  if (stringAt(namespace, "status", "phase") !== "Terminating") {
    await change(core, name, "status", (n) => ({
      ...n,
      status: { ...asObject(n.status), phase: "Terminating" },
    }))
  }
  let left = 0
  for (const type of core.types.stored().filter((t) => t.namespaced)) {
    for (const [, object] of [...core.store.collection(type.collection).list(name)]) {
      if (object.metadata.deletionTimestamp === undefined) {
        await remove(
          core,
          type,
          { namespace: name, name: object.metadata.name },
          {
            propagationPolicy: "Background",
          },
        ).catch(ignoreAbsent)
      }
      if (core.store.collection(type.collection).get(`${name}/${object.metadata.name}`)) left++
    }
  }
  if (left === 0 && arrayAt(namespace, "spec", "finalizers").length > 0) {
    await change(core, name, "finalize", (n) => ({
      ...n,
      spec: { ...asObject(n.spec), finalizers: [] },
    }))
  }
}

async function change(
  core: Core,
  name: string,
  subresource: string,
  edit: (namespace: ApiObject) => ApiObject,
): Promise<void> {
  const type = core.types.find("", "v1", "namespaces")
  if (type === undefined) return
  const options = { fieldManager: "kube-controller-manager" }
  await modify(core, type, { name, subresource }, edit, options).catch(ignoreAbsent)
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof KubeError && error.status === 404)) throw error
}
