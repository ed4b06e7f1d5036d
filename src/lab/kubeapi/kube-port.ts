import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import {
  type Kube,
  KubeError,
  type ListQuery,
  type Target,
  type WatchEvent,
} from "../../kube/kube.ts"
import { openingBookmark } from "../../kube/resource-path.ts"
import { expired, noSuchResource } from "./api-error.ts"
import type { ApiObject } from "./api-object.ts"
import { clone } from "./json.ts"
import { getObject, listPage } from "./read/list.ts"
import { openWatch } from "./read/watch.ts"
import { apiVersionOf, type ResourceType } from "./types/resource-type.ts"
import type { Core } from "./write/core.ts"
import { create, out } from "./write/create.ts"
import { patch } from "./write/patch.ts"
import { remove } from "./write/remove.ts"
import { type ObjectTarget, replace } from "./write/update.ts"

/** What the port needs of the server besides its objects. */
export interface PortDoors {
  /** A GET of a path that is no object, such as /version. */
  readonly raw: (path: string) => Promise<unknown>
  /** A POST to a subresource. */
  readonly subresource: (
    type: ResourceType,
    target: ObjectTarget,
    body: unknown,
  ) => Promise<unknown>
}

/** Events that a watcher may fall behind before its watch is ended with 410, as a slow client's would be. */
const backlogMax = 10_000

/** The Kube port straight on the store: no sockets, the same rules. Objects are copies, the caller's to change. */
export function createKubePort(core: Core, doors: PortDoors, fieldManager = "lab"): Kube {
  const typeOf = (resource: Resource<KubeObject>): ResourceType => {
    const type = core.types.find(resource.group, resource.version, resource.plural)
    if (type === undefined) throw noSuchResource()
    return type
  }
  const copy = <T extends KubeObject>(type: ResourceType, object: ApiObject): T =>
    clone(out(type, object)) as KubeObject as T
  const options = { fieldManager }
  return {
    async get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string) {
      const type = typeOf(resource)
      try {
        return copy<T>(type, getObject(core.store, type, namespace, name))
      } catch (error) {
        if (error instanceof KubeError && error.status === 404) return undefined
        throw error
      }
    },
    async list<T extends KubeObject>(resource: Resource<T>, query: ListQuery = {}) {
      const type = typeOf(resource)
      const page = listPage(core.store, type, query)
      return {
        items: page.items.map((o) => copy<T>(type, o)),
        resourceVersion: page.resourceVersion,
      }
    },
    async create<T extends KubeObject>(resource: Resource<T>, object: T) {
      const type = typeOf(resource)
      return copy<T>(
        type,
        await create(core, type, object.metadata.namespace, clone(object), options),
      )
    },
    async replace<T extends KubeObject>(resource: Resource<T>, object: T, subresource?: "status") {
      const type = typeOf(resource)
      const target = targetOf(object.metadata, subresource)
      return copy<T>(type, await replace(core, type, target, clone(object), options))
    },
    async patch<T extends KubeObject>(
      resource: Resource<T>,
      target: Target,
      change: Parameters<Kube["patch"]>[2],
    ) {
      const type = typeOf(resource)
      const given =
        change.type === "apply"
          ? { fieldManager: change.fieldManager, force: change.force === true }
          : options
      const body = { kind: change.type, body: clone(change.body) }
      return copy<T>(
        type,
        await patch(core, type, targetOf(target, change.subresource), body, given),
      )
    },
    async remove(resource, target, given = {}) {
      const { uid, ...rest } = given
      try {
        const preconditions = uid === undefined ? {} : { preconditions: { uid } }
        await remove(core, typeOf(resource), target, { ...rest, ...preconditions })
      } catch (error) {
        if (!(error instanceof KubeError && error.status === 404)) throw error
      }
    },
    async createSubresource(resource, target, subresource, body) {
      await doors.subresource(typeOf(resource), targetOf(target, subresource), clone(body))
    },
    watch: <T extends KubeObject>(
      resource: Resource<T>,
      query: ListQuery & { resourceVersion: string; signal: AbortSignal },
    ) => {
      const type = typeOf(resource)
      const opening = openingBookmark(resource, query.resourceVersion)
      return watchEvents(core, type, { ...query, opening }, (o) => copy<T>(type, o))
    },
    raw: (path) => doors.raw(path),
  }
}

const targetOf = (target: Target, subresource = ""): ObjectTarget => ({
  name: target.name,
  namespace: target.namespace,
  subresource,
})

async function* watchEvents<T extends KubeObject>(
  core: Core,
  type: ResourceType,
  query: ListQuery & { resourceVersion: string; signal: AbortSignal; opening: WatchEvent<T> },
  copy: (object: ApiObject) => T,
): AsyncGenerator<WatchEvent<T>> {
  const { signal } = query
  const queue: (() => WatchEvent<T>)[] = []
  let wake = () => {}
  let overrun = false
  const push = (event: () => WatchEvent<T>) => {
    if (queue.length >= backlogMax) overrun = true
    else queue.push(event)
    wake()
  }
  const bookmark = (revision: number): ApiObject => ({
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { name: "", resourceVersion: String(revision) },
  })
  using _watch = openWatch(core.store, type, query, {
    event: (kind, object) => push(() => ({ type: kind, object: copy(object) })),
    bookmark: (revision) => push(() => ({ type: "BOOKMARK", object: copy(bookmark(revision)) })),
  })
  yield query.opening
  const onAbort = () => wake()
  signal.addEventListener("abort", onAbort)
  try {
    while (!signal.aborted) {
      if (overrun) throw expired("the watcher has fallen too far behind")
      const next = queue.shift()
      if (next) yield next()
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}
