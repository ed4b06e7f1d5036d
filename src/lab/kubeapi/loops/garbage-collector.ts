import type { OwnerReference } from "../../../api/meta.ts"
import { KubeError } from "../../../kube/kube.ts"
import type { Logger } from "../../../log.ts"
import type { ApiObject } from "../api-object.ts"
import type { Change } from "../store/collection.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { Core } from "../write/core.ts"
import { foregroundFinalizer, orphanFinalizer, remove } from "../write/remove.ts"
import { modify } from "../write/update.ts"
import { WorkQueue } from "./work-queue.ts"

/** Where an object is: its collection and key, as "collection key". */
type Place = string

/** The owners and dependents of everything, by uid. */
interface Graph {
  readonly places: Map<string, Place>
  readonly dependents: Map<string, Set<Place>>
}

/**
 * Deletes what no living object owns, and carries out foreground and orphaning deletions. Costs one look at the
 * owners of each changed object, and one at the dependents of each deleted one.
 */
export function startGarbageCollector(core: Core, log: Logger): Disposable {
  const graph: Graph = { places: new Map(), dependents: new Map() }
  const queue = new WorkQueue((place) => collect(core, graph, place), log)
  const listener = core.store.listen((collection, change) => {
    for (const place of record(graph, collection, change)) queue.add(place)
  })
  return {
    [Symbol.dispose]: () => {
      listener[Symbol.dispose]()
      queue[Symbol.dispose]()
    },
  }
}

/** Keeps the graph, and names the places to look at. */
function record(graph: Graph, collection: string, change: Change): Place[] {
  const place: Place = `${collection} ${change.key}`
  const { uid = "", ownerReferences = [] } = change.object.metadata
  const before = change.previous?.metadata.ownerReferences ?? []
  const gone = change.type === "DELETED"
  for (const owner of before) graph.dependents.get(owner.uid)?.delete(place)
  if (gone) {
    graph.places.delete(uid)
    const left = [...(graph.dependents.get(uid) ?? [])]
    graph.dependents.delete(uid)
    // An owner that waits for its dependents is looked at again.
    return [...left, ...placesOf(graph, before)]
  }
  graph.places.set(uid, place)
  for (const owner of ownerReferences) {
    const places = graph.dependents.get(owner.uid) ?? new Set()
    graph.dependents.set(owner.uid, places.add(place))
  }
  const waits = change.object.metadata.deletionTimestamp !== undefined && finalizing(change.object)
  if (waits) return [place, ...(graph.dependents.get(uid) ?? [])]
  return ownerReferences.length > 0 ? [place] : placesOf(graph, before)
}

const placesOf = (graph: Graph, owners: readonly OwnerReference[]): Place[] =>
  owners.flatMap((o) => graph.places.get(o.uid) ?? [])

const finalizing = (object: ApiObject) =>
  object.metadata.finalizers?.some((f) => f === orphanFinalizer || f === foregroundFinalizer)

interface Found {
  readonly type: ResourceType
  readonly object: ApiObject
}

function find(core: Core, place: Place): Found | undefined {
  const [collection = "", key = ""] = place.split(" ")
  const object = core.store.collection(collection).get(key)
  const type = core.types.ofCollection(collection)
  return object && type ? { type, object } : undefined
}

async function collect(core: Core, graph: Graph, place: Place): Promise<void> {
  const found = find(core, place)
  if (found === undefined) return
  const { metadata } = found.object
  if (metadata.deletionTimestamp !== undefined) await finalize(core, graph, found)
  else await checkOwners(core, graph, found)
}

/** Carries on with an object that goes, once its dependents are dealt with. */
async function finalize(core: Core, graph: Graph, { type, object }: Found): Promise<void> {
  const { uid = "", finalizers = [] } = object.metadata
  const dependents = [...(graph.dependents.get(uid) ?? [])].flatMap((p) => find(core, p) ?? [])
  if (finalizers.includes(orphanFinalizer)) {
    for (const dependent of dependents) {
      await edit(core, dependent, (o) => withOwners(o, (owner) => owner.uid !== uid))
    }
    await edit(core, { type, object }, (o) => withoutFinalizer(o, orphanFinalizer))
  } else if (finalizers.includes(foregroundFinalizer)) {
    const blocking = dependents.filter((d) =>
      d.object.metadata.ownerReferences?.some((o) => o.uid === uid && o.blockOwnerDeletion),
    )
    if (blocking.length === 0) {
      await edit(core, { type, object }, (o) => withoutFinalizer(o, foregroundFinalizer))
    }
  }
}

/** Deletes an object whose owners are all gone or going; drops references to single absent owners. */
async function checkOwners(core: Core, graph: Graph, { type, object }: Found): Promise<void> {
  const owners = object.metadata.ownerReferences ?? []
  if (owners.length === 0) return
  const state = (owner: OwnerReference): "absent" | "waiting" | "solid" => {
    const place = graph.places.get(owner.uid)
    const found = place === undefined ? undefined : find(core, place)
    if (found === undefined) return "absent"
    const { deletionTimestamp, finalizers } = found.object.metadata
    const waits = deletionTimestamp !== undefined && finalizers?.includes(foregroundFinalizer)
    return waits ? "waiting" : "solid"
  }
  const states = owners.map(state)
  if (states.includes("solid")) {
    if (states.every((s) => s === "solid")) return
    await edit(core, { type, object }, (o) => withOwners(o, (owner) => state(owner) === "solid"))
    return
  }
  const own = graph.dependents.get(object.metadata.uid ?? "")?.size ?? 0
  const policy = states.includes("waiting") && own > 0 ? "Foreground" : "Background"
  const { namespace, name, uid = "" } = object.metadata
  try {
    await remove(
      core,
      type,
      { namespace, name },
      { propagationPolicy: policy, preconditions: { uid } },
    )
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

async function edit(core: Core, found: Found, change: (o: ApiObject) => ApiObject): Promise<void> {
  const { namespace, name } = found.object.metadata
  try {
    await modify(core, found.type, { namespace, name, subresource: "" }, change, {
      fieldManager: "kube-controller-manager",
    })
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

const isGone = (error: unknown) => error instanceof KubeError && [404, 409].includes(error.status)

const withoutFinalizer = (o: ApiObject, finalizer: string): ApiObject => ({
  ...o,
  metadata: {
    ...o.metadata,
    finalizers: o.metadata.finalizers?.filter((f) => f !== finalizer) ?? [],
  },
})

const withOwners = (o: ApiObject, keep: (owner: OwnerReference) => boolean): ApiObject => ({
  ...o,
  metadata: { ...o.metadata, ownerReferences: o.metadata.ownerReferences?.filter(keep) ?? [] },
})
