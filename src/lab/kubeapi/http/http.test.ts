// Goal: what clients rely on beyond single objects: discovery, streams, pages, representations, limits.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, test } from "node:test"
import { systemClock } from "../../../clock.ts"
import { asObject, objectAt, objectsAt, stringAt } from "../json.ts"
import { createKubeApi, type KubeApi } from "../kube-api.ts"

let api: KubeApi
let origin = ""
const server = createServer((request, response) => api.handler(request, response))

before(async () => {
  api = createKubeApi({ clock: systemClock })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(async () => {
  api[Symbol.dispose]()
  server.closeAllConnections()
  server.close()
})

const json = { "content-type": "application/json" }
const get = async (path: string, accept = "application/json") => {
  const reply = await fetch(`${origin}${path}`, { headers: { accept } })
  return {
    status: reply.status,
    type: reply.headers.get("content-type"),
    body: asObject(await reply.json()),
  }
}
const post = (path: string, body: unknown) =>
  fetch(`${origin}${path}`, { method: "POST", headers: json, body: JSON.stringify(body) })
const maps = "/api/v1/namespaces/default/configmaps"
const map = (name: string, labels = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
})

/** The events of a watch, one after another. */
async function* events(path: string, signal: AbortSignal) {
  const reply = await fetch(`${origin}${path}`, { signal })
  let text = ""
  for await (const chunk of reply.body ?? []) {
    text += Buffer.from(chunk).toString()
    const lines = text.split("\n")
    text = lines.pop() ?? ""
    for (const line of lines) yield JSON.parse(line)
  }
}

test("discovery: legacy and aggregated, and health", async () => {
  assert.equal((await get("/api")).body.kind, "APIVersions")
  assert.equal((await get("/apis")).body.kind, "APIGroupList")
  const v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
  const { type, body } = await get("/apis", `${v2},application/json;q=0.5`)
  assert.equal(type, v2)
  const apps = objectsAt(body, "items").find((i) => stringAt(i, "metadata", "name") === "apps")
  const resources = objectsAt(objectsAt(apps, "versions")[0], "resources")
  const deployments = resources.find((r) => r.resource === "deployments")
  const kind = { group: "apps", version: "v1", kind: "Deployment" }
  assert.deepEqual(deployments?.responseKind, kind)
  const names = objectsAt(deployments, "subresources").map((s) => s.subresource)
  assert.deepEqual(names, ["scale", "status"])
  assert.equal(await (await fetch(`${origin}/readyz`)).text(), "ok")
  assert.match(stringAt((await get("/version")).body, "gitVersion"), /^v1\.35\./)
})

test("OpenAPI documents name every kind, and every reference leads somewhere", async () => {
  const { body: index } = await get("/openapi/v3")
  for (const path of Object.values(objectAt(index, "paths")).map((p) =>
    stringAt(p, "serverRelativeURL"),
  )) {
    const { body } = await get(path)
    const names = new Set(Object.keys(objectAt(body, "components", "schemas")))
    for (const [, name = ""] of JSON.stringify(body).matchAll(
      /"\$ref":"#\/components\/schemas\/([^"]+)"/g,
    )) {
      assert.ok(names.has(name), `${path} refers to ${name}`)
    }
  }
  const { body } = await get("/openapi/v2")
  for (const [, name = ""] of JSON.stringify(body).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) {
    assert.ok(Object.hasOwn(objectAt(body, "definitions"), name), name)
  }
})

test("a streaming list ends in a bookmark that says so, and goes on as a watch", async () => {
  await post(maps, map("streamed"))
  const stop = new AbortController()
  const query =
    "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
  const stream = events(`${maps}?${query}&fieldSelector=metadata.name%3Dstreamed`, stop.signal)
  const next = async () => (await stream.next()).value
  assert.equal((await next()).type, "ADDED")
  const bookmark = await next()
  assert.equal(bookmark.type, "BOOKMARK")
  assert.equal(bookmark.object.metadata.annotations["k8s.io/initial-events-end"], "true")
  await fetch(`${origin}${maps}/streamed`, { method: "DELETE" })
  const gone = await next()
  assert.equal(gone.type, "DELETED")
  assert.ok(
    Number(gone.object.metadata.resourceVersion) > Number(bookmark.object.metadata.resourceVersion),
  )
  stop.abort()
})

test("a watch of a forgotten revision is answered by an event that says 410", async () => {
  for (let i = 0; i < 9000; i++) {
    await api.kube.patch(
      { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true },
      { name: "kube-root-ca.crt", namespace: "kube-public" },
      { type: "merge", body: { data: { i: String(i) } } },
    )
  }
  const stream = events(`${maps}?watch=true&resourceVersion=1`, AbortSignal.timeout(10_000))
  const { value } = await stream.next()
  assert.equal(value.type, "ERROR")
  assert.deepEqual([value.object.code, value.object.reason], [410, "Expired"])
  assert.ok((await stream.next()).done)
})

test("the pages of a list show one state, whatever is written between them", async () => {
  for (const n of [1, 2, 3, 4]) await post(maps, map(`page-${n}`, { paged: "yes" }))
  const query = `${maps}?labelSelector=paged&limit=2`
  const first = (await get(query)).body
  await fetch(`${origin}${maps}/page-3`, { method: "DELETE" })
  await post(maps, map("page-31", { paged: "yes" }))
  const second = (await get(`${query}&continue=${stringAt(first, "metadata", "continue")}`)).body
  const names = [first, second]
    .flatMap((page) => objectsAt(page, "items"))
    .map((i) => stringAt(i, "metadata", "name"))
  assert.deepEqual(names, ["page-1", "page-2", "page-3", "page-4"])
  assert.equal(
    objectAt(second, "metadata").resourceVersion,
    objectAt(first, "metadata").resourceVersion,
  )
  assert.equal(objectAt(second, "metadata").continue, undefined)
})

test("unknown fields warn, or refuse, or pass in silence", async () => {
  const body = { ...map("warned"), bogus: 1 }
  const how = (mode: string) => post(`${maps}?dryRun=All&fieldValidation=${mode}`, body)
  assert.equal((await how("Warn")).headers.get("warning"), '299 - "unknown field \\"bogus\\""')
  assert.equal((await how("Ignore")).headers.get("warning"), null)
  assert.equal((await how("Strict")).status, 400)
})

test("a body beyond the limit is refused", async () => {
  const huge = { ...map("huge"), data: { a: "x".repeat(4 * 1024 * 1024) } }
  const reply = await post(maps, huge).catch(() => undefined)
  assert.ok(reply === undefined || reply.status === 413)
})
