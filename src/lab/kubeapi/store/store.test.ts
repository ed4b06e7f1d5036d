import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { ApiObject } from "../api-object.ts"
import { type Change, Collection } from "./collection.ts"
import { Store } from "./store.ts"

const object = (name: string, value = 0, namespace?: string): ApiObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  value,
})
const names = (list: Iterable<[string, ApiObject]>) => [...list].map(([key]) => key)

test("objects are listed by key, whole or by namespace, from a key on", () => {
  const store = new Store()
  for (const [ns, name] of [
    ["b", "x"],
    ["a", "y"],
    ["a", "x"],
    ["a-b", "z"],
  ] as const) {
    store.put("things", `${ns}/${name}`, object(name, 0, ns))
  }
  const things = store.collection("things")
  assert.deepEqual(names(things.list()), ["a-b/z", "a/x", "a/y", "b/x"])
  assert.deepEqual(names(things.list("a")), ["a/x", "a/y"])
  assert.deepEqual(names(things.list("a", "a/x")), ["a/y"])
  assert.deepEqual(names(things.list(undefined, "a/x")), ["a/y", "b/x"])
})

test("stored objects cannot be changed, and carry the revision of their write", () => {
  const store = new Store()
  const stored = store.put("things", "a", object("a"))
  assert.equal(stored.metadata.resourceVersion, String(store.revision))
  assert.throws(() => {
    stored.metadata.name = "b"
  }, TypeError)
})

test("a forgotten revision is answered with 410, a remembered one with what came after", () => {
  const collection = new Collection(0, 10)
  const change = (revision: number): Change => ({
    type: revision === 1 ? "ADDED" : "MODIFIED",
    key: "a",
    revision,
    object: object("a", revision),
    ...(revision === 1 ? {} : { previous: object("a", revision - 1) }),
  })
  for (let revision = 1; revision <= 100; revision++) collection.apply(change(revision))
  assert.equal(collection.since(99).length, 1)
  assert.throws(() => collection.since(1), {
    status: 410,
    reason: "Expired",
    message: /^too old resource version: 1 \(\d+\)$/,
  })
  // Bounded: no more than twice what is kept.
  assert.throws(() => collection.since(79), { status: 410 })
  assert.doesNotThrow(() => collection.since(95))
})

test("a write made by a listener is told after the one that it answers", () => {
  const store = new Store()
  const seen: string[] = []
  using _first = store.listen((_id, change) => {
    if (change.key === "a" && change.type === "ADDED") store.put("things", "b", object("b"))
  })
  using _second = store.listen((_id, change) => void seen.push(`${change.type} ${change.key}`))
  store.put("things", "a", object("a"))
  assert.deepEqual(seen, ["ADDED a", "ADDED b"])
})

const operations = fc.array(
  fc.record({ name: fc.constantFrom("a", "b", "c", "d"), remove: fc.boolean(), value: fc.nat(3) }),
  { maxLength: 40 },
)

test("from any revision on, the changes lead to what is there; and every earlier state can be listed", () => {
  fc.assert(
    fc.property(operations, (list) => {
      const store = new Store()
      const things = store.collection("things")
      const states: [number, string][] = [[store.revision, ""]]
      const state = () => [...things.list()].map(([k, o]) => `${k}=${String(o.value)}`).join()
      for (const { name, remove, value } of list) {
        if (remove) store.remove("things", name)
        else store.put("things", name, object(name, value))
        states.push([store.revision, state()])
      }
      for (const [revision, then] of states) {
        const at = new Map([...things.listAt(revision)].map(([k, o]) => [k, o.value]))
        const text = () =>
          [...at]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => `${k}=${String(v)}`)
            .join()
        assert.equal(text(), then)
        for (const change of things.since(revision)) {
          if (change.type === "DELETED") at.delete(change.key)
          else at.set(change.key, change.object.value)
        }
        assert.equal(text(), state())
      }
    }),
  )
})

test("an indexed listener hears of the objects that have or had its value, and of no others", () => {
  const store = new Store()
  const pod = (name: string, node?: string): ApiObject => ({
    ...object(name, 0, "default"),
    spec: node === undefined ? {} : { nodeName: node },
  })
  const heard: string[] = []
  const index = { field: "spec.nodeName", value: "n1" }
  const listening = store
    .collection("pods")
    .listen((c) => void heard.push(`${c.type} ${c.key}`), index)
  store.put("pods", "default/a", pod("a"))
  store.put("pods", "default/b", pod("b", "n2"))
  store.put("pods", "default/a", pod("a", "n1"))
  store.put("pods", "default/a", pod("a", "n2"))
  store.remove("pods", "default/a")
  listening[Symbol.dispose]()
  store.put("pods", "default/c", pod("c", "n1"))
  assert.deepEqual(heard, ["MODIFIED default/a", "MODIFIED default/a"])
})
