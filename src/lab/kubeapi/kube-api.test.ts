import assert from "node:assert/strict"
import { test } from "node:test"
import type { Node, Pod } from "../../api/core.ts"
import type { KubeObject } from "../../api/meta.ts"
import { events, leases, nodes, pods, type Resource } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import type { Kube, WatchEvent } from "../../kube/kube.ts"
import { createKubeApi } from "./kube-api.ts"

const nodeOf = (name: string): Node => ({ apiVersion: "v1", kind: "Node", metadata: { name } })
const podOf = (name: string, spec: object = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", labels: { app: name } },
  spec: { containers: [{ name: "main", image: "web:1" }], ...spec },
})
const deployments: Resource<KubeObject> = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
}
const definitions: Resource<KubeObject> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
}

function lab(): Kube & Disposable {
  const api = createKubeApi({ clock: systemClock })
  return { ...api.kube, [Symbol.dispose]: () => api[Symbol.dispose]() }
}

/** Waits until `check` holds, as a control loop would have it. */
async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await check()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.fail("the condition did not come to hold")
}

test("an object is created with what the server adds, read, listed, replaced and removed", async () => {
  using kube = lab()
  const made = await kube.create(nodes, nodeOf("a"))
  assert.ok(made.metadata.uid)
  assert.ok(made.metadata.resourceVersion)
  assert.match(made.metadata.creationTimestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  await assert.rejects(kube.create(nodes, nodeOf("a")), {
    status: 409,
    reason: "AlreadyExists",
    message: 'nodes "a" already exists',
  })
  made.spec = { unschedulable: true }
  const replaced = await kube.replace(nodes, made)
  await assert.rejects(kube.replace(nodes, made), { status: 409, reason: "Conflict" })
  assert.deepEqual(await kube.get(nodes, "a"), replaced)
  assert.equal((await kube.list(nodes)).items.length, 1)
  await kube.remove(nodes, { name: "a" })
  await kube.remove(nodes, { name: "a" })
  assert.equal(await kube.get(nodes, "a"), undefined)
})

test("what a caller does to an object it got changes nothing in the store", async () => {
  using kube = lab()
  const made = await kube.create(nodes, nodeOf("a"))
  made.metadata.labels = { changed: "yes" }
  assert.equal((await kube.get(nodes, "a"))?.metadata.labels, undefined)
})

test("a pod's default fields are filled in, and its writers' halves stay apart", async () => {
  using kube = lab()
  const pod = await kube.create(pods, { ...podOf("a"), status: { phase: "Running" } })
  assert.equal(pod.status?.phase, "Pending")
  assert.equal(pod.spec.restartPolicy, "Always")
  assert.equal(pod.spec.serviceAccountName, "default")
  const body = { status: { phase: "Running" }, spec: { nodeName: "x" } }
  const target = { name: "a", namespace: "default" }
  const after = await kube.patch(pods, target, { type: "merge", body, subresource: "status" })
  assert.equal(after.status?.phase, "Running")
  assert.equal(after.spec.nodeName, undefined)
})

test("a bound pod goes only when its kubelet lets it go; an unbound one at once", async () => {
  using kube = lab()
  await kube.create(pods, podOf("bound"))
  await kube.create(pods, podOf("free"))
  const bound = { name: "bound", namespace: "default" }
  await kube.createSubresource(pods, bound, "binding", { target: { kind: "Node", name: "n1" } })
  await assert.rejects(
    kube.createSubresource(pods, bound, "binding", { target: { name: "n2" } }),
    /pod bound is already assigned to node "n1"/,
  )
  await kube.remove(pods, { name: "free", namespace: "default" })
  await kube.remove(pods, bound)
  assert.equal(await kube.get(pods, "free", "default"), undefined)
  const going = await kube.get(pods, "bound", "default")
  assert.ok(going?.metadata.deletionTimestamp)
  await kube.remove(pods, bound, { gracePeriodSeconds: 0 })
  assert.equal(await kube.get(pods, "bound", "default"), undefined)
})

test("a watch yields what its selector sees: objects that start to match are added, that stop are deleted", async () => {
  using kube = lab()
  const stop = new AbortController()
  const seen: string[] = []
  const { resourceVersion } = await kube.list(pods)
  const query = { fieldSelector: "spec.nodeName=n1", resourceVersion, signal: stop.signal }
  const done = (async () => {
    for await (const event of kube.watch(pods, query) as AsyncIterable<WatchEvent<Pod>>) {
      if (event.type !== "BOOKMARK") seen.push(`${event.type} ${event.object.metadata.name}`)
      if (event.type === "DELETED") stop.abort()
    }
  })()
  await kube.create(pods, podOf("a"))
  await kube.create(pods, podOf("b", { nodeName: "n2" }))
  const a = { name: "a", namespace: "default" }
  await kube.createSubresource(pods, a, "binding", { target: { name: "n1" } })
  await kube.patch(pods, a, { type: "merge", body: { metadata: { labels: { x: "y" } } } })
  await kube.remove(pods, a, { gracePeriodSeconds: 0 })
  await done
  assert.deepEqual(seen, ["ADDED a", "MODIFIED a", "DELETED a"])
})

test("what a deleted owner leaves behind is collected", async () => {
  using kube = lab()
  const owner = await kube.create(nodes, nodeOf("owner"))
  const reference = { apiVersion: "v1", kind: "Node", name: "owner", uid: owner.metadata.uid ?? "" }
  const pod = podOf("owned")
  pod.metadata.ownerReferences = [reference]
  await kube.create(pods, pod)
  await kube.remove(nodes, { name: "owner" })
  await eventually(async () => (await kube.get(pods, "owned", "default")) === undefined)
})

test("a namespace goes with everything in it, and takes nothing new meanwhile", async () => {
  using kube = lab()
  const namespaces: Resource<KubeObject> = {
    group: "",
    version: "v1",
    plural: "namespaces",
    kind: "Namespace",
    namespaced: false,
  }
  await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } })
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "l", namespace: "team" },
    spec: {},
  }
  await kube.create(leases, lease)
  await kube.remove(namespaces, { name: "team" })
  await assert.rejects(
    kube.create(leases, { ...lease, metadata: { name: "m", namespace: "team" } }),
    {
      status: 403,
      message: /because it is being terminated/,
    },
  )
  await eventually(async () => (await kube.get(namespaces, "team")) === undefined)
  assert.equal((await kube.list(leases)).items.length, 0)
})

test("a workload's spec change raises its generation, a status change does not", async () => {
  using kube = lab()
  const target = { name: "web", namespace: "default" }
  const made = await kube.create(deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: target,
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "web:1" }] },
      },
    },
  } as KubeObject)
  assert.equal(made.metadata.generation, 1)
  const patch = (body: unknown, subresource?: string) =>
    kube.patch(deployments, target, {
      type: "strategic",
      body,
      ...(subresource ? { subresource } : {}),
    })
  const env = [{ name: "A", value: "1" }]
  const spec = { template: { spec: { containers: [{ name: "web", env }] } } }
  assert.equal((await patch({ spec })).metadata.generation, 2)
  const reported = await patch({ status: { replicas: 1 } }, "status")
  assert.equal(reported.metadata.generation, 2)
  const same = await patch({ spec })
  assert.equal(same.metadata.resourceVersion, reported.metadata.resourceVersion)
})

test("a custom resource is served from the moment its definition is there", async () => {
  using kube = lab()
  await kube.create(definitions, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.example.com" },
    spec: {
      group: "example.com",
      scope: "Cluster",
      names: { plural: "things", kind: "Thing" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
            },
          },
        },
      ],
    },
  } as KubeObject)
  const things: Resource<KubeObject & { spec: { size: number } }> = {
    group: "example.com",
    version: "v1",
    plural: "things",
    kind: "Thing",
    namespaced: false,
  }
  const given = { size: 3, colour: "red" }
  const made = await kube.create(things, {
    apiVersion: "example.com/v1",
    kind: "Thing",
    metadata: { name: "a" },
    spec: given,
  })
  assert.deepEqual(made.spec, { size: 3 })
})

test("events of both APIs are one collection", async () => {
  using kube = lab()
  await kube.create(events, {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "e", namespace: "default" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    regarding: { apiVersion: "v1", kind: "Pod", name: "a", namespace: "default" },
    reason: "Failed",
    note: "why",
    type: "Warning",
    action: "Binding",
    reportingController: "berth",
    reportingInstance: "berth-0",
  })
  const coreEvents: Resource<KubeObject & { message: string }> = {
    group: "",
    version: "v1",
    plural: "events",
    kind: "Event",
    namespaced: true,
  }
  const listed = await kube.list(coreEvents, { fieldSelector: "involvedObject.name=a" })
  assert.deepEqual(
    listed.items.map((e) => e.message),
    ["why"],
  )
})
