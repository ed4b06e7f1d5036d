import { isDeepStrictEqual } from "node:util"
import type { KubeObject, ObjectMeta } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import { KubeError, type WatchEvent } from "../kube.ts"
import { apiVersionOf, keyOfObject } from "../resource-path.ts"

type Stored = KubeObject & Record<string, unknown>

interface Change {
  revision: number
  event: WatchEvent<KubeObject>
  previous?: KubeObject
}

/** Changes kept for watches to resume from; older ones answer 410, as etcd does after a compaction. */
const historyLimit = 10_000

/** The objects of one resource: storage, versions and watches. */
export class Collection {
  readonly #resource: Resource<KubeObject>
  readonly #clock: Clock
  readonly #revision: { value: number }
  readonly #hasStatus: boolean
  readonly #objects = new Map<string, Stored>()
  #history: Change[] = []
  #compactedAt = 0
  readonly #watchers = new Set<{ wake: () => void; broken: boolean }>()

  constructor(
    resource: Resource<KubeObject>,
    options: { clock: Clock; revision: { value: number }; hasStatus: boolean },
  ) {
    this.#resource = resource
    this.#clock = options.clock
    this.#revision = options.revision
    this.#hasStatus = options.hasStatus
  }

  /** The version of the whole store, as a list states it. */
  get version(): string {
    return String(this.#revision.value)
  }

  read(key: string): KubeObject | undefined {
    const found = this.#objects.get(key)
    return found && structuredClone(found)
  }

  all(): KubeObject[] {
    const sorted = [...this.#objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1))
    return sorted.map(([, object]) => structuredClone(object))
  }

  create(input: KubeObject): KubeObject {
    const object = structuredClone(input) as Stored
    const generated = object.metadata.generateName
    if (!object.metadata.name && generated)
      object.metadata.name = `${generated}${(this.#revision.value + 1).toString(36)}`
    const key = keyOfObject(object)
    if (this.#objects.has(key))
      throw new KubeError(409, "AlreadyExists", `${this.#name(key)} already exists`)
    if (this.#hasStatus) delete object["status"]
    object.apiVersion = apiVersionOf(this.#resource)
    object.kind = this.#resource.kind
    object.metadata.uid = crypto.randomUUID()
    object.metadata.generation = 1
    object.metadata.creationTimestamp = this.#timestamp()
    delete object.metadata.deletionTimestamp
    return this.#store(key, object, "ADDED")
  }

  replace(input: KubeObject, subresource: string | undefined): KubeObject {
    const key = keyOfObject(input)
    const current = this.#objects.get(key)
    if (!current) throw this.notFound(key)
    const { resourceVersion, uid } = input.metadata
    if (resourceVersion && resourceVersion !== current.metadata.resourceVersion)
      throw this.#conflict(key)
    if (uid && uid !== current.metadata.uid) throw this.#conflict(key)
    const next = this.#merged(current, structuredClone(input) as Stored, subresource)
    if (isDeepStrictEqual(next, current)) return structuredClone(current)
    if (next.metadata.deletionTimestamp && (next.metadata.finalizers ?? []).length === 0)
      return this.#drop(key, next)
    return this.#store(key, next, "MODIFIED", current)
  }

  /** Absent is success; a precondition that fails is a conflict. */
  remove(key: string, uid?: string): void {
    const current = this.#objects.get(key)
    if (!current) return
    if (uid !== undefined && uid !== current.metadata.uid) throw this.#conflict(key)
    if ((current.metadata.finalizers ?? []).length === 0) {
      this.#drop(key, structuredClone(current))
      return
    }
    if (current.metadata.deletionTimestamp) return
    const next = structuredClone(current)
    next.metadata.deletionTimestamp = this.#timestamp()
    next.metadata.generation = (next.metadata.generation ?? 1) + 1
    this.#store(key, next, "MODIFIED", current)
  }

  async *watch(
    since: string,
    signal: AbortSignal,
    matches: (object: KubeObject) => boolean,
  ): AsyncGenerator<WatchEvent<KubeObject>> {
    let seen = Number(since)
    if (seen < this.#compactedAt)
      throw new KubeError(410, "Expired", `too old resource version: ${since}`)
    const watcher = { wake: () => {}, broken: false }
    this.#watchers.add(watcher)
    const abort = () => watcher.wake()
    signal.addEventListener("abort", abort)
    try {
      while (!signal.aborted) {
        if (watcher.broken) throw new KubeError(0, "Unreachable", "the watch broke off")
        const fresh = this.#history.slice(
          this.#history.findLastIndex((c) => c.revision <= seen) + 1,
        )
        for (const change of fresh) {
          seen = change.revision
          const event = visibleEvent(change, matches)
          if (event) yield structuredClone(event)
        }
        if (fresh.length === 0) await new Promise<void>((resolve) => (watcher.wake = resolve))
      }
    } finally {
      this.#watchers.delete(watcher)
      signal.removeEventListener("abort", abort)
    }
  }

  breakWatches(): void {
    for (const watcher of this.#watchers) {
      watcher.broken = true
      watcher.wake()
    }
  }

  compact(): void {
    this.#history = []
    this.#compactedAt = this.#revision.value + 1
    this.#revision.value += 1
  }

  notFound(key: string): KubeError {
    return new KubeError(404, "NotFound", `${this.#name(key)} not found`)
  }

  /** A write to the object keeps the stored status, a write to the status keeps everything else. */
  #merged(current: Stored, input: Stored, subresource: string | undefined): Stored {
    if (subresource === "status") {
      const status = input["status"]
      return { ...structuredClone(current), ...(status === undefined ? {} : { status }) }
    }
    const next = input
    if (this.#hasStatus) {
      delete next["status"]
      if (current["status"] !== undefined) next["status"] = structuredClone(current["status"])
    }
    next.metadata = { ...next.metadata, ...systemFields(current.metadata) }
    const changed = !isDeepStrictEqual(withoutMeta(next), withoutMeta(current))
    if (changed) next.metadata.generation = (current.metadata.generation ?? 1) + 1
    return next
  }

  #store(
    key: string,
    object: Stored,
    type: "ADDED" | "MODIFIED",
    previous?: KubeObject,
  ): KubeObject {
    object.metadata.resourceVersion = String(++this.#revision.value)
    this.#objects.set(key, object)
    this.#record(type, object, previous)
    return structuredClone(object)
  }

  #drop(key: string, object: Stored): KubeObject {
    const previous = this.#objects.get(key)
    this.#objects.delete(key)
    object.metadata.resourceVersion = String(++this.#revision.value)
    this.#record("DELETED", object, previous)
    return structuredClone(object)
  }

  #record(type: "ADDED" | "MODIFIED" | "DELETED", object: Stored, previous?: KubeObject): void {
    const event = { type, object: structuredClone(object) }
    this.#history.push({ revision: this.#revision.value, event, ...(previous ? { previous } : {}) })
    if (this.#history.length > historyLimit) {
      this.#compactedAt = this.#history.shift()?.revision ?? 0
    }
    for (const watcher of this.#watchers) watcher.wake()
  }

  #name(key: string): string {
    const group = this.#resource.group === "" ? "" : `.${this.#resource.group}`
    return `${this.#resource.plural}${group} "${key}"`
  }

  #conflict(key: string): KubeError {
    const message = `operation cannot be fulfilled on ${this.#name(key)}: the object has been modified`
    return new KubeError(409, "Conflict", message)
  }

  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, "Z")
  }
}

/** What a watcher with a selector sees: an object that enters or leaves the selection appears or disappears. */
function visibleEvent(
  change: Change,
  matches: (object: KubeObject) => boolean,
): WatchEvent<KubeObject> | undefined {
  const { type, object } = change.event
  const before = change.previous !== undefined && matches(change.previous)
  const now = matches(object)
  if (type === "DELETED") return before || now ? change.event : undefined
  if (now) return { type: before ? "MODIFIED" : "ADDED", object }
  return before ? { type: "DELETED", object } : undefined
}

const systemFields = (meta: ObjectMeta): Partial<ObjectMeta> => ({
  ...(meta.uid === undefined ? {} : { uid: meta.uid }),
  ...(meta.generation === undefined ? {} : { generation: meta.generation }),
  ...(meta.resourceVersion === undefined ? {} : { resourceVersion: meta.resourceVersion }),
  ...(meta.creationTimestamp === undefined ? {} : { creationTimestamp: meta.creationTimestamp }),
  ...(meta.deletionTimestamp === undefined ? {} : { deletionTimestamp: meta.deletionTimestamp }),
})

const withoutMeta = (object: Stored) => ({ ...object, metadata: undefined, status: undefined })
