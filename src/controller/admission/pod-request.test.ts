import assert from "node:assert/strict"
import { test } from "node:test"
import type { Node, Pod } from "../../api/core.ts"
import { namespaces, nodes, subnetPools } from "../../api/resources.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { PodFactsReader } from "../../kube/pod-facts.ts"
import { silentLogger } from "../../log.ts"
import { virtualClock } from "../../testing/virtual-clock.ts"
import { startInformers } from "../informers.ts"
import { requestForPod } from "./pod-request.ts"

const blue = "pods.berth.dev/blue"

const pod = (spec: Partial<Pod["spec"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "", generateName: "web-" },
  spec: { containers: [{ name: "main", resources: { limits: { cpu: "1" } } }], ...spec },
})

async function stage(offered: Record<string, string>) {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const metadata = { name: "shop", labels: { team: "blue" } }
  await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata })
  await kube.create(subnetPools, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name: "blue" },
    spec: {
      subnets: [{ id: "subnet-1" }],
      namespaceSelector: { matchLabels: { team: "blue" } },
    },
  })
  const node = await kube.create<Node>(nodes, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n1" },
  })
  await kube.replace(nodes, { ...node, status: { capacity: offered } }, "status")
  const stop = new AbortController()
  const ports = { kube, clock, random: () => 0.5, log: silentLogger }
  const informers = startInformers(ports, stop.signal)
  await Promise.all(Object.values(informers).map((informer) => informer.synced()))
  const options = { informers, facts: new PodFactsReader({ kube, clock }) }
  return {
    /** What the pod's first container has afterwards. */
    async resourcesOf(object: Pod, namespace = "shop") {
      const request = { uid: "u", operation: "CREATE", namespace, object, oldObject: null } as const
      const { allowed, patch } = await requestForPod(request, options)
      assert.ok(allowed)
      return patch === undefined
        ? undefined
        : (JSON.parse(Buffer.from(patch, "base64").toString()) as { value: unknown }[])[0]?.value
    },
    [Symbol.dispose]: () => stop.abort(new DOMException("", "AbortError")),
  }
}

test("a pod that chooses its placement asks for it, and keeps what it asks for besides", async () => {
  using s = await stage({ [blue]: "0" })
  assert.deepEqual(await s.resourcesOf(pod()), {
    requests: { [blue]: "1" },
    limits: { cpu: "1", [blue]: "1" },
  })
})

test("nothing is asked for by pods without a placement of their own, or what no node offers", async () => {
  using s = await stage({ [blue]: "9" })
  assert.equal(await s.resourcesOf(pod(), "default"), undefined)
  assert.equal(await s.resourcesOf(pod({ hostNetwork: true })), undefined)
  assert.equal(await s.resourcesOf(pod({ nodeName: "n1" })), undefined)
  const asking = pod({ containers: [{ name: "c", resources: { limits: { [blue]: "1" } } }] })
  assert.equal(await s.resourcesOf(asking), undefined)
  using unoffered = await stage({})
  assert.equal(await unoffered.resourcesOf(pod()), undefined)
})
