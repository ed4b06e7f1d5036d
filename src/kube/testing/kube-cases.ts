import assert from "node:assert/strict"
import type { ENIConfig } from "../../api/eniconfig.ts"
import { eniConfigs, leases, pods } from "../../api/resources.ts"
import { type Kube, KubeError, type WatchEvent } from "../kube.ts"

/** What every implementation of the port must do. Each case has a name prefix of its own, so one API serves all. */
export const kubeCases: Readonly<Record<string, (kube: Kube) => Promise<void>>> = {
  "an object is created once, read, and absent after removal": async (kube) => {
    const made = await kube.create(eniConfigs, config("life"))
    assert.equal(made.kind, "ENIConfig")
    assert.equal(made.metadata.generation, 1)
    assert.ok(made.metadata.uid && made.metadata.resourceVersion)
    await rejects(kube.create(eniConfigs, config("life")), 409, "AlreadyExists")
    assert.equal((await kube.get(eniConfigs, "life"))?.spec?.subnet, subnet)
    await kube.remove(eniConfigs, { name: "life" })
    assert.equal(await kube.get(eniConfigs, "life"), undefined)
    await kube.remove(eniConfigs, { name: "life" })
  },
  "a replace with a stale version conflicts, with a fresh one raises the generation": async (
    kube,
  ) => {
    const first = await kube.create(eniConfigs, config("replace"))
    const spec = { subnet, securityGroups: ["sg-0123456789abcdef0"] }
    const second = await kube.replace(eniConfigs, { ...first, spec })
    assert.equal(second.metadata.generation, 2)
    await rejects(kube.replace(eniConfigs, { ...first, spec: { subnet } }), 409, "Conflict")
    const labelled = { ...second, metadata: { ...second.metadata, labels: { a: "b" } } }
    const third = await kube.replace(eniConfigs, labelled)
    assert.equal(third.metadata.generation, 2)
  },
  "spec and status are written apart": async (kube) => {
    const status = { nodes: 1, interfaces: 2, addresses: 3, conditions: [] }
    const made = await kube.create(eniConfigs, { ...config("status"), status })
    assert.equal(made.status, undefined)
    const stated = await kube.replace(
      eniConfigs,
      { ...made, spec: { subnet: "subnet-ffffffff" }, status },
      "status",
    )
    assert.equal(stated.spec?.subnet, subnet)
    assert.equal(stated.status?.interfaces, 2)
    assert.equal(stated.metadata.generation, 1)
    const kept = await kube.replace(eniConfigs, { ...stated, status: { ...status, nodes: 9 } })
    assert.equal(kept.status?.nodes, 1)
  },
  "merge and json patches; patches of the absent are NotFound": async (kube) => {
    await kube.create(eniConfigs, config("patch"))
    const merged = await kube.patch(
      eniConfigs,
      { name: "patch" },
      { type: "merge", body: { metadata: { annotations: { a: "1", b: "2" } } } },
    )
    assert.deepEqual(merged.metadata.annotations, { a: "1", b: "2" })
    const removed = await kube.patch(
      eniConfigs,
      { name: "patch" },
      { type: "merge", body: { metadata: { annotations: { a: null } } } },
    )
    assert.deepEqual(removed.metadata.annotations, { b: "2" })
    const stepped = await kube.patch(
      eniConfigs,
      { name: "patch" },
      { type: "json", body: [{ op: "replace", path: "/spec/subnet", value: "subnet-0abcdef1" }] },
    )
    assert.equal(stepped.spec?.subnet, "subnet-0abcdef1")
    const absent = kube.patch(eniConfigs, { name: "no" }, { type: "merge", body: {} })
    await rejects(absent, 404, "NotFound")
  },
  "a list selects by namespace and label, and includes every page": async (kube) => {
    for (const [name, role] of [
      ["list-a", "x"],
      ["list-b", "y"],
    ] as const)
      await kube.create(leases, lease(name, { role }))
    const all = await kube.list(leases, { namespace: "default", labelSelector: "role" })
    assert.deepEqual(all.items.map((l) => l.metadata.name).sort(), ["list-a", "list-b"])
    assert.equal(all.items[0]?.kind, "Lease")
    const one = await kube.list(leases, { labelSelector: "role in (x),role!=y" })
    assert.deepEqual(
      one.items.map((l) => l.metadata.name),
      ["list-a"],
    )
    const none = await kube.list(pods, { fieldSelector: "spec.nodeName=nowhere" })
    assert.deepEqual(none.items, [])
  },
  "a watch sees what follows the list, through a selector": async (kube) => {
    const query = { labelSelector: "watch=yes" }
    const { resourceVersion } = await kube.list(eniConfigs, query)
    await kube.create(eniConfigs, config("watch-other"))
    const seen = await collect(kube, { ...query, resourceVersion }, 4, async () => {
      const made = await kube.create(eniConfigs, config("watch", { watch: "yes" }))
      await kube.replace(eniConfigs, { ...made, spec: { subnet: "subnet-0abcdef1" } })
      await label("no")
      await label("yes")
    })
    async function label(value: string) {
      const body = { metadata: { labels: { watch: value } } }
      await kube.patch(eniConfigs, { name: "watch" }, { type: "merge", body })
    }
    assert.deepEqual(
      seen.map((e) => e.type),
      ["ADDED", "MODIFIED", "DELETED", "ADDED"],
    )
  },
  "a watch begins with a bookmark of the version asked for": async (kube) => {
    const { resourceVersion } = await kube.list(eniConfigs)
    const stop = new AbortController()
    for await (const event of kube.watch(eniConfigs, { resourceVersion, signal: stop.signal })) {
      assert.equal(event.type, "BOOKMARK")
      assert.equal(event.object.metadata.resourceVersion, resourceVersion)
      break
    }
  },
  "a finalizer keeps a removed object until it is taken off": async (kube) => {
    const made = config("finalizer")
    made.metadata.finalizers = ["berth.dev/test"]
    await kube.create(eniConfigs, made)
    await kube.remove(eniConfigs, { name: "finalizer" })
    const marked = await kube.get(eniConfigs, "finalizer")
    assert.ok(marked?.metadata.deletionTimestamp)
    const body = { metadata: { finalizers: null } }
    await kube.patch(eniConfigs, { name: "finalizer" }, { type: "merge", body })
    assert.equal(await kube.get(eniConfigs, "finalizer"), undefined)
  },
  "a removal with another object's uid conflicts": async (kube) => {
    await kube.create(eniConfigs, config("uid"))
    const uid = "00000000-0000-4000-8000-000000000000"
    await rejects(kube.remove(eniConfigs, { name: "uid" }, { uid }), 409, "Conflict")
  },
  "a resource type that the API does not serve is an error, not an absent object": async (kube) => {
    if ("calls" in kube) return
    const nowhere = { ...eniConfigs, group: "nowhere.example" }
    await rejects(kube.get(nowhere, "a"), 404, "NotFound")
  },
}

const subnet = "subnet-0123456789abcdef0"

const config = (name: string, labels?: Record<string, string>): ENIConfig => ({
  apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
  kind: "ENIConfig",
  metadata: { name, ...(labels ? { labels } : {}) },
  spec: { subnet },
})

const lease = (name: string, labels: Record<string, string>) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, namespace: "default", labels },
  spec: { holderIdentity: name },
})

async function rejects(promise: Promise<unknown>, status: number, reason: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof KubeError, String(error))
    assert.deepEqual([error.status, error.reason], [status, reason])
    return true
  })
}

/** The first `count` events that are no bookmarks, with `act` going on meanwhile. */
async function collect(
  kube: Kube,
  query: { resourceVersion: string; labelSelector: string },
  count: number,
  act: () => Promise<void>,
): Promise<WatchEvent<ENIConfig>[]> {
  const stop = new AbortController()
  const limit = setTimeout(() => stop.abort(new Error("the events did not come")), 10_000)
  const seen: WatchEvent<ENIConfig>[] = []
  const acting = act()
  try {
    for await (const event of kube.watch(eniConfigs, { ...query, signal: stop.signal })) {
      if (event.type !== "BOOKMARK") seen.push(event)
      if (seen.length === count) break
    }
  } finally {
    clearTimeout(limit)
    await acting
  }
  return seen
}
