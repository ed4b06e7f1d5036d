import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { test } from "node:test"
import { systemClock } from "../../../clock.ts"
import { silentLogger } from "../../../log.ts"
import type { ApiObject } from "../api-object.ts"
import { Store } from "../store/store.ts"
import { ResourceTypes } from "../types/resource-types.ts"
import type { Core } from "../write/core.ts"
import { create } from "../write/create.ts"
import { remove } from "../write/remove.ts"
import { modify } from "../write/update.ts"
import { startGarbageCollector } from "./garbage-collector.ts"

/** Nodes as owners and dependents: they need no namespace. */
function world() {
  const core: Core = {
    store: new Store(),
    types: new ResourceTypes(),
    clock: systemClock,
    uid: randomUUID,
    random: Math.random,
    certificateAuthority: "",
    admission: async () => {},
  }
  const type = core.types.ofCollection("/nodes")
  assert.ok(type)
  const collector = startGarbageCollector(core, silentLogger)
  return {
    make: async (name: string, owners: readonly ApiObject[] = [], finalizers: string[] = []) =>
      await create(
        core,
        type,
        undefined,
        {
          apiVersion: "v1",
          kind: "Node",
          metadata: {
            name,
            finalizers,
            ownerReferences: owners.map((o) => ({
              apiVersion: "v1",
              kind: "Node",
              name: o.metadata.name,
              uid: o.metadata.uid,
              blockOwnerDeletion: true,
            })),
          },
        },
        {},
      ),
    remove: async (name: string, propagationPolicy: string) =>
      await remove(core, type, { name }, { propagationPolicy }),
    release: async (name: string) =>
      await modify(
        core,
        type,
        { name, subresource: "" },
        (o) => ({ ...o, metadata: { ...o.metadata, finalizers: [] } }),
        {},
      ),
    owners: (name: string) =>
      core.store.collection("/nodes").get(name)?.metadata.ownerReferences ?? [],
    /** Resolves when exactly these are left, after the collector has had its turns. */
    left: async (...names: string[]) => {
      const now = () => [...core.store.collection("/nodes").list()].map(([name]) => name)
      for (let i = 0; i < 200 && now().join() !== names.join(); i++) await turn()
      for (let i = 0; i < 5; i++) await turn()
      assert.deepEqual(now(), names)
    },
    [Symbol.dispose]: () => collector[Symbol.dispose](),
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test("dependents follow their owner, and theirs follow them", async () => {
  using w = world()
  const a = await w.make("a")
  const b = await w.make("b", [a])
  await w.make("c", [b])
  await w.make("other")
  await w.remove("a", "Background")
  await w.left("other")
})

test("one living owner is enough; the reference to the dead one is dropped", async () => {
  using w = world()
  const [a, b] = [await w.make("a"), await w.make("b")]
  await w.make("c", [a, b])
  await w.remove("a", "Background")
  await w.left("b", "c")
  assert.deepEqual(
    w.owners("c").map((o) => o.name),
    ["b"],
  )
})

test("an owner deleted in the foreground goes last, after what blocks it", async () => {
  using w = world()
  const a = await w.make("a")
  const b = await w.make("b", [a])
  await w.make("c", [b], ["example.com/wait"])
  await w.remove("a", "Foreground")
  await w.left("a", "b", "c")
  await w.release("c")
  await w.left()
})

test("orphans stay, without their owner", async () => {
  using w = world()
  const a = await w.make("a")
  await w.make("b", [a])
  await w.remove("a", "Orphan")
  await w.left("b")
  assert.deepEqual(w.owners("b"), [])
})

test("what is made for an owner that is gone already is collected too", async () => {
  using w = world()
  const a = await w.make("a")
  await w.remove("a", "Background")
  await w.make("late", [a])
  await w.left()
})
