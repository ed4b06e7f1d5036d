import { expired } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import { stringAt } from "../json.ts"

/** One committed write. `previous` is absent for ADDED. For DELETED, `object` is the last state at its revision. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly key: string
  readonly revision: number
  readonly object: ApiObject
  readonly previous?: ApiObject
}

/** Names a field whose value picks the watchers to tell, so that a change of one pod does not visit every node's watch. */
export interface WatchIndex {
  /** Path of the field, such as "spec.nodeName". */
  readonly field: string
  readonly value: string
}

type Listener = (change: Change) => void

const indexedFields = ["metadata.name", "metadata.namespace", "spec.nodeName"] as const

/** Changes kept for watches that start in the past; older ones are answered with 410 Expired. */
const historyMax = 4096

/** The objects of one resource, in memory, with the recent past. Objects are frozen: readers share them. */
export class Collection {
  readonly #objects = new Map<string, ApiObject>()
  #sortedKeys: string[] | undefined
  #history: Change[] = []
  /** The newest revision that the history no longer holds. */
  #compacted: number
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #historyMax: number

  constructor(revision: number, keep = historyMax) {
    this.#compacted = revision
    this.#historyMax = keep
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): ApiObject | undefined {
    return this.#objects.get(key)
  }

  /** In the order of the keys, as etcd lists; of one namespace when given. */
  *list(namespace?: string, after = ""): IterableIterator<[string, ApiObject]> {
    this.#sortedKeys ??= [...this.#objects.keys()].sort()
    const keys = this.#sortedKeys
    const prefix = namespace === undefined ? "" : `${namespace}/`
    const from = prefix > after ? prefix : after
    for (let i = lowerBound(keys, from); i < keys.length; i++) {
      const key = keys[i] ?? ""
      if (!key.startsWith(prefix)) return
      const object = this.#objects.get(key)
      if (object && key !== after) yield [key, object]
    }
  }

  /** What `list` gave at an earlier revision, or 410 when the history no longer reaches there. */
  *listAt(revision: number, namespace?: string, after = ""): IterableIterator<[string, ApiObject]> {
    const later = this.since(revision)
    if (later.length === 0) return yield* this.list(namespace, after)
    const then = new Collection(0)
    for (const [key, object] of this.#objects) then.#objects.set(key, object)
    for (const change of later.toReversed()) {
      if (change.previous) then.#objects.set(change.key, change.previous)
      else then.#objects.delete(change.key)
    }
    yield* then.list(namespace, after)
  }

  /** Changes after `revision`, oldest first; throws 410 when some of them are forgotten. */
  since(revision: number): readonly Change[] {
    if (revision < this.#compacted) {
      throw expired(`too old resource version: ${revision} (${this.#compacted})`)
    }
    let first = this.#history.length
    while (first > 0 && (this.#history[first - 1]?.revision ?? 0) > revision) first--
    return this.#history.slice(first)
  }

  apply(change: Change): void {
    if (change.type === "DELETED") this.#objects.delete(change.key)
    else this.#objects.set(change.key, change.object)
    if (change.type !== "MODIFIED") this.#sortedKeys = undefined
    this.#history.push(change)
    if (this.#history.length > 2 * this.#historyMax) {
      const forgotten = this.#history.splice(0, this.#history.length - this.#historyMax)
      this.#compacted = forgotten.at(-1)?.revision ?? this.#compacted
    }
  }

  /** Forgets the past, as etcd's compaction does. */
  compact(): void {
    this.#compacted = this.#history.at(-1)?.revision ?? this.#compacted
    this.#history = []
  }

  tell(change: Change): void {
    for (const bucket of bucketsOf(change)) {
      for (const listener of this.#listeners.get(bucket) ?? []) listener(change)
    }
  }

  /** Calls `listener` for every later change, or only those whose object has or had the indexed value. */
  listen(listener: Listener, index?: WatchIndex): Disposable {
    const bucket = index === undefined ? "" : `${index.field}=${index.value}`
    const listeners = this.#listeners.get(bucket) ?? new Set()
    this.#listeners.set(bucket, listeners)
    listeners.add(listener)
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener)
        if (listeners.size === 0 && this.#listeners.get(bucket) === listeners) {
          this.#listeners.delete(bucket)
        }
      },
    }
  }
}

export const isIndexed = (field: string): boolean =>
  indexedFields.some((indexed) => indexed === field)

function bucketsOf(change: Change): Set<string> {
  const buckets = new Set([""])
  for (const field of indexedFields) {
    const path = field.split(".")
    buckets.add(`${field}=${stringAt(change.object, ...path)}`)
    if (change.previous) buckets.add(`${field}=${stringAt(change.previous, ...path)}`)
  }
  return buckets
}

/** Index of the first key that is not less than `from`. */
function lowerBound(keys: readonly string[], from: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? "") < from) low = middle + 1
    else high = middle
  }
  return low
}
