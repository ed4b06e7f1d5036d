import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { labPods } from "../loops/pod.ts"
import { kubeletProxy } from "./kubelet-proxy.ts"
import { requireToken } from "./require-token.ts"
import type { HttpService } from "./serve-http.ts"

async function listening(service: HttpService) {
  const server = createServer(service.handler).listen(0)
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    get: async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(url + path, { headers })
      return { status: response.status, text: await response.text() }
    },
    [Symbol.dispose]: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const echo = (name: string): HttpService => ({
  handler: (request, response) => void response.end(`${name} ${request.url}`),
})

test("logs go to the kubelet of the pod's node, everything else to the API", async () => {
  const kube = memoryKube()
  const pod = (name: string, nodeName: string, ...containers: string[]) =>
    kube.create(labPods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "shop" },
      spec: { nodeName, containers: containers.map((c) => ({ name: c })) },
    })
  await pod("one", "node-1", "app")
  await pod("two", "node-1", "app", "side")
  await pod("lost", "node-9", "app")
  const kubelet = { ...echo("kubelet"), upgrade: () => {} }
  using api = await listening(
    kubeletProxy({
      kube,
      kubelet: (node) => (node === "node-1" ? kubelet : undefined),
      next: echo("api"),
    }),
  )
  const logs = (name: string, query = "") =>
    api.get(`/api/v1/namespaces/shop/pods/${name}/log${query}`)
  assert.equal(
    (await logs("one", "?tailLines=3")).text,
    "kubelet /containerLogs/shop/one/app?tailLines=3",
  )
  assert.equal((await logs("two", "?container=side")).text, "kubelet /containerLogs/shop/two/side?")
  assert.match((await logs("two")).text, /choose one of: \[app side\]/)
  assert.match((await logs("two", "?container=x")).text, /container x is not valid for pod two/)
  assert.equal((await logs("none")).status, 404)
  assert.equal((await logs("lost")).status, 400)
  assert.equal((await api.get("/api/v1/pods")).text, "api /api/v1/pods")
})

test("without the token only health and version are answered", async () => {
  using api = await listening(requireToken("secret", echo("api")))
  assert.equal((await api.get("/readyz")).status, 200)
  assert.equal((await api.get("/api/v1/pods")).status, 401)
  assert.equal((await api.get("/api/v1/pods", { authorization: "Bearer other." })).status, 401)
  const known = await api.get("/api/v1/pods", { authorization: "Bearer secret" })
  assert.deepEqual(known, { status: 200, text: "api /api/v1/pods" })
})
