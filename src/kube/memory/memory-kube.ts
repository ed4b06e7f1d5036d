import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import { type Clock, systemClock } from "../../clock.ts"
import {
  type Kube,
  KubeError,
  type ListQuery,
  type Patch,
  type Target,
  type WatchEvent,
} from "../kube.ts"
import { apiVersionOf, keyOf, openingBookmark } from "../resource-path.ts"
import { fieldPredicate, labelPredicate } from "../selector.ts"
import { Collection } from "./collection.ts"
import { applyPatch } from "./patches.ts"

export type KubeMethod = keyof Kube

/** What a test makes go wrong: runs before the call is served; it throws, waits or lets pass. */
export type KubeFault = (call: {
  method: KubeMethod
  resource?: Resource<KubeObject>
  name?: string
}) => void | Promise<void>

export interface MemoryKube extends Kube {
  /** Replaces the fault; undefined heals. */
  setFault(fault: KubeFault | undefined): void
  /** Ends every open watch with a broken connection. */
  breakWatches(): void
  /** Forgets the history of watches, so that resuming one answers 410 Expired. */
  compact(): void
  /** Watches deliver events so much later. */
  setWatchDelay(ms: number): void
  /** Calls served so far, by method. */
  readonly calls: Readonly<Record<string, number>>
}

export interface MemoryKubeOptions {
  clock?: Clock
}

/** Kinds whose status is its own subresource: writes to the object leave it alone, and the reverse. */
const withoutStatus = new Set(["events", "leases", "securitygrouppolicies", "cninodes"])

/** The twin of the Kubernetes API: resource versions, conflicts, watches, finalizers, without a socket. */
export function memoryKube(options: MemoryKubeOptions = {}): MemoryKube {
  const clock = options.clock ?? systemClock
  const collections = new Map<string, Collection>()
  const revision = { value: 100 }
  const calls: Record<string, number> = {}
  const conduct: Conduct = { fault: undefined, watchDelayMs: 0 }

  const of = (resource: Resource<KubeObject>): Collection => {
    const key = `${resource.group}/${resource.plural}`
    let collection = collections.get(key)
    if (!collection) {
      const hasStatus = !withoutStatus.has(resource.plural)
      collection = new Collection(resource, { clock, revision, hasStatus })
      collections.set(key, collection)
    }
    return collection
  }
  const note: Note = async (call) => {
    calls[call.method] = (calls[call.method] ?? 0) + 1
    // A real call never answers in the same turn.
    await Promise.resolve()
    await conduct.fault?.(call)
  }
  const enter: Enter = async (method, resource, name) => {
    await note({ method, resource, ...(name ? { name } : {}) })
    return of(resource)
  }

  return {
    ...port({ enter, note }, clock, conduct),
    calls,
    setFault: (fault) => {
      conduct.fault = fault
    },
    setWatchDelay: (ms) => {
      conduct.watchDelayMs = ms
    },
    breakWatches: () => {
      for (const c of collections.values()) c.breakWatches()
    },
    compact: () => {
      for (const c of collections.values()) c.compact()
    },
  }
}

interface Conduct {
  fault: KubeFault | undefined
  watchDelayMs: number
}

/** Counts the call and lets the fault have its way. */
type Note = (call: Parameters<KubeFault>[0]) => Promise<void>
/** The same, then answers the resource's objects. */
type Enter = (
  method: KubeMethod,
  resource: Resource<KubeObject>,
  name?: string,
) => Promise<Collection>

function port({ enter, note }: { enter: Enter; note: Note }, clock: Clock, conduct: Conduct): Kube {
  return {
    async get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string) {
      const collection = await enter("get", resource, name)
      return collection.read(keyOf(name, namespace)) as T | undefined
    },
    async list<T extends KubeObject>(resource: Resource<T>, query: ListQuery = {}) {
      const collection = await enter("list", resource)
      const items = collection.all().filter(matcher(query)) as T[]
      return { items, resourceVersion: collection.version }
    },
    async create<T extends KubeObject>(resource: Resource<T>, object: T) {
      return (await enter("create", resource, object.metadata.name)).create(object) as T
    },
    async replace<T extends KubeObject>(resource: Resource<T>, object: T, subresource?: "status") {
      const collection = await enter("replace", resource, object.metadata.name)
      return collection.replace(object, subresource) as T
    },
    async patch<T extends KubeObject>(resource: Resource<T>, target: Target, patch: Patch) {
      const collection = await enter("patch", resource, target.name)
      return patchObject(collection, resource, target, patch) as T
    },
    async remove(resource, target, options = {}) {
      const collection = await enter("remove", resource, target.name)
      collection.remove(keyOf(target.name, target.namespace), options.uid)
    },
    async createSubresource(resource, target, subresource) {
      const collection = await enter("createSubresource", resource, target.name)
      if (subresource === "eviction") collection.remove(keyOf(target.name, target.namespace))
    },
    async *watch<T extends KubeObject>(
      resource: Resource<T>,
      query: ListQuery & { resourceVersion: string; signal: AbortSignal },
    ) {
      const collection = await enter("watch", resource)
      yield openingBookmark(resource, query.resourceVersion)
      const events = collection.watch(query.resourceVersion, query.signal, matcher(query))
      for await (const event of events) {
        if (conduct.watchDelayMs > 0) await clock.sleep(conduct.watchDelayMs, query.signal)
        yield event as WatchEvent<T>
      }
    },
    async raw(path) {
      await note({ method: "raw" })
      if (path === "/version") return { major: "1", minor: "35", gitVersion: "v1.35.4-memory" }
      throw new KubeError(404, "NotFound", `the server could not find ${path}`)
    },
  }
}

function matcher(query: ListQuery): (object: KubeObject) => boolean {
  const labels = labelPredicate(query.labelSelector)
  const fields = fieldPredicate(query.fieldSelector)
  return (object) =>
    (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
    labels(object.metadata.labels ?? {}) &&
    fields(object)
}

function patchObject(
  collection: Collection,
  resource: Resource<KubeObject>,
  target: Target,
  patch: Patch,
): KubeObject {
  const builtIn = !resource.group.includes(".") || resource.group.endsWith(".k8s.io")
  if (patch.type === "strategic" && !builtIn)
    throw new KubeError(
      415,
      "UnsupportedMediaType",
      "custom resources do not support strategic merge patches",
    )
  const key = keyOf(target.name, target.namespace)
  const current = collection.read(key)
  if (!current && patch.type === "apply") {
    const body = patch.body as KubeObject
    const metadata = { ...body.metadata, ...target }
    return collection.create({
      ...body,
      metadata,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
    })
  }
  if (!current) throw collection.notFound(key)
  return collection.replace(applyPatch(current, patch), patch.subresource)
}
