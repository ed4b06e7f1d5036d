import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import type { Informer } from "../../kube/informer.ts"
import type { Kube, Patch } from "../../kube/kube.ts"
import { keyOfObject } from "../../kube/resource-path.ts"
import { controllerOf } from "./owner.ts"

/** Uids remembered as removed, so that a late event does not bring their object back. */
const tombstoneLimit = 10_000

const version = (object: KubeObject) => Number(object.metadata.resourceVersion ?? 0)

/**
 * One kind, read from an informer and written through: a write is visible to the next read, although the watch tells
 * of it only later. That is what client-go's controllers keep "expectations" for: without either, a loop that looks
 * again too early creates its pods twice.
 */
export class View<T extends KubeObject> {
  readonly resource: Resource<T>
  readonly #kube: Kube
  readonly #clock: Clock
  readonly #objects = new Map<string, T>()
  readonly #byOwner = new Map<string, Set<string>>()
  readonly #gone = new Set<string>()
  readonly #listeners = new Set<(object: T) => void>()

  constructor(kube: Kube, clock: Clock, informer: Informer<T>, resource: Resource<T>) {
    this.#kube = kube
    this.#clock = clock
    this.resource = resource
    informer.onChange(({ key, object, previous }) => {
      if (object) this.#put(object)
      else if (previous) this.#drop(key, previous)
    })
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  /** The objects are shared: do not change them. */
  list(): T[] {
    return [...this.#objects.values()]
  }

  /** Objects whose controller has this uid. */
  ownedBy(uid: string | undefined): T[] {
    const keys = this.#byOwner.get(uid ?? "") ?? []
    return [...keys].flatMap((key) => this.#objects.get(key) ?? [])
  }

  /** Calls back for every later change and for every object known already; a removed object comes as it last was. */
  onChange(listener: (object: T) => void): void {
    this.#listeners.add(listener)
    for (const object of this.#objects.values()) listener(object)
  }

  async create(object: T): Promise<T> {
    const created = await this.#kube.create(this.resource, object)
    this.#put(created)
    return created
  }

  async patch(object: T, patch: Patch): Promise<T> {
    const patched = await this.#kube.patch(this.resource, object.metadata, patch)
    this.#put(patched)
    return patched
  }

  /**
   * `status` replaces the present one as a whole; fields that it lacks are removed. With `resourceVersion` the write
   * conflicts when the object has changed since.
   */
  async patchStatus(
    object: T & { status?: unknown },
    status: object,
    resourceVersion?: string,
  ): Promise<T> {
    const stale = Object.keys((object.status as object | undefined) ?? {}).filter(
      (k) => !(k in status),
    )
    const metadata = resourceVersion === undefined ? {} : { metadata: { resourceVersion } }
    const body = {
      ...metadata,
      status: { ...Object.fromEntries(stale.map((k) => [k, null])), ...status },
    }
    return await this.patch(object, { type: "merge", subresource: "status", body })
  }

  /** Absent is success. An object with a grace period or finalizers stays, marked as being deleted. */
  async remove(object: T, options: { gracePeriodSeconds?: number } = {}): Promise<void> {
    const uid = object.metadata.uid
    await this.#kube.remove(this.resource, object.metadata, {
      ...options,
      ...(uid === undefined ? {} : { uid }),
    })
    // Whether it stays for a while is the server's business; until the watch tells, it counts as being deleted.
    const key = keyOfObject(object)
    const present = this.#objects.get(key)
    if (present?.metadata.uid !== uid || !present || present.metadata.deletionTimestamp) return
    const deletionTimestamp = new Date(this.#clock.now()).toISOString()
    this.#objects.set(key, { ...present, metadata: { ...present.metadata, deletionTimestamp } })
  }

  #put(object: T): void {
    const key = keyOfObject(object)
    const present = this.#objects.get(key)
    const uid = object.metadata.uid ?? ""
    if (this.#gone.has(uid) || (present && version(present) >= version(object))) return
    if (present) this.#index(key, present, false)
    this.#objects.set(key, object)
    this.#index(key, object, true)
    for (const listener of this.#listeners) listener(object)
  }

  #drop(key: string, last: T): void {
    const uid = last.metadata.uid ?? ""
    if (this.#gone.size >= tombstoneLimit) this.#gone.clear()
    this.#gone.add(uid)
    const present = this.#objects.get(key)
    if (present?.metadata.uid === uid && present) {
      this.#objects.delete(key)
      this.#index(key, present, false)
    }
    for (const listener of this.#listeners) listener(last)
  }

  #index(key: string, object: T, present: boolean): void {
    const owner = controllerOf(object)?.uid
    if (owner === undefined) return
    const keys = this.#byOwner.get(owner) ?? new Set()
    if (present) keys.add(key)
    else keys.delete(key)
    if (keys.size > 0) this.#byOwner.set(owner, keys)
    else this.#byOwner.delete(owner)
  }
}
