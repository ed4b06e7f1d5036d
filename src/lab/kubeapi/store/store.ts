import type { ApiObject } from "../api-object.ts"
import { freeze } from "../json.ts"
import { type Change, Collection } from "./collection.ts"

/** All objects, by collection ("group/plural"), under one revision that every write raises by one. */
export class Store {
  #revision = 1
  readonly #collections = new Map<string, Collection>()
  readonly #untold: [string, Change][] = []
  readonly #listeners = new Set<(collection: string, change: Change) => void>()
  #telling = false

  get revision(): number {
    return this.#revision
  }

  collection(id: string): Collection {
    let collection = this.#collections.get(id)
    if (collection === undefined) {
      collection = new Collection(this.#revision)
      this.#collections.set(id, collection)
    }
    return collection
  }

  collections(): IterableIterator<[string, Collection]> {
    return this.#collections.entries()
  }

  /** Calls `listener` for every later change of any collection. */
  listen(listener: (collection: string, change: Change) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) }
  }

  /** Stores the object under a new revision and tells the watchers; returns it frozen, with that revision. */
  put(id: string, key: string, object: ApiObject): ApiObject {
    const collection = this.collection(id)
    const previous = collection.get(key)
    const revision = ++this.#revision
    const stored = withRevision(object, revision)
    this.#commit(id, {
      type: previous === undefined ? "ADDED" : "MODIFIED",
      key,
      revision,
      object: stored,
      ...(previous === undefined ? {} : { previous }),
    })
    return stored
  }

  /** Removes; returns the last state, which carries the revision of its removal. Undefined when it was not there. */
  remove(id: string, key: string): ApiObject | undefined {
    const collection = this.collection(id)
    const previous = collection.get(key)
    if (previous === undefined) return undefined
    const revision = ++this.#revision
    const object = withRevision(previous, revision)
    this.#commit(id, { type: "DELETED", key, revision, object, previous })
    return object
  }

  #commit(id: string, change: Change): void {
    this.collection(id).apply(change)
    // A listener may write; the changes are told in the order of their revisions all the same.
    this.#untold.push([id, change])
    if (this.#telling) return
    this.#telling = true
    try {
      for (let next = this.#untold.shift(); next; next = this.#untold.shift()) this.#tell(...next)
    } finally {
      this.#telling = false
    }
  }

  #tell(id: string, change: Change): void {
    this.collection(id).tell(change)
    for (const listener of this.#listeners) listener(id, change)
  }
}

const withRevision = (object: ApiObject, revision: number): ApiObject =>
  freeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } })
