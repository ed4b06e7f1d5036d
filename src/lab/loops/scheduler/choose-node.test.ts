import assert from "node:assert/strict"
import { test } from "node:test"
import type { Node } from "../../../api/core.ts"
import type { LabPod, PodSpec } from "../pod.ts"
import { chooseNode } from "./choose-node.ts"
import { nodeStates } from "./node-state.ts"
import { findPreemption } from "./preempt.ts"

interface NodeOptions {
  zone?: string
  pods?: number
  labels?: Record<string, string>
  taints?: { key: string; value?: string; effect: string }[]
  unschedulable?: boolean
  extended?: Record<string, string>
}

function node(name: string, options: NodeOptions = {}): Node {
  const { zone = "a", pods = 10, labels = {}, taints, unschedulable, extended = {} } = options
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "topology.kubernetes.io/zone": zone,
        "kubernetes.io/hostname": name,
        ...labels,
      },
    },
    spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
    status: { allocatable: { cpu: "2", memory: "8Gi", pods: String(pods), ...extended } },
  }
}

let serial = 0
function pod(spec: Partial<PodSpec> = {}, labels: Record<string, string> = { app: "web" }): LabPod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `p${++serial}`, namespace: "default", uid: `u${serial}`, labels },
    spec: { containers: [{ name: "c" }], ...spec },
  }
}

const on = (name: string, spec: Partial<PodSpec> = {}) => pod({ nodeName: name, ...spec })
const choose = (p: LabPod, nodes: Node[], pods: LabPod[] = []) =>
  chooseNode(p, nodeStates(nodes, pods))
const message = (p: LabPod, nodes: Node[], pods: LabPod[] = []) => {
  const choice = choose(p, nodes, pods)
  assert.ok("message" in choice, JSON.stringify(choice))
  return choice.message
}
const chosen = (p: LabPod, nodes: Node[], pods: LabPod[] = []) => {
  const choice = choose(p, nodes, pods)
  return "node" in choice ? choice.node : choice.message
}
const requests = (r: Record<string, string>) => ({
  containers: [{ name: "c", resources: { requests: r } }],
})
const spreadBy = (topologyKey: string, whenUnsatisfiable = "DoNotSchedule") => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app: "web" } } },
  ],
})

test("without a node there is nothing to say about nodes", () => {
  assert.equal(message(pod(), []), "no nodes available to schedule pods")
})

test("every reason is counted, and preemption is named where it could help", () => {
  const nodes = [
    node("full", { pods: 1 }),
    node("tainted", { taints: [{ key: "dedicated", value: "batch", effect: "NoSchedule" }] }),
    node("cordoned", { unschedulable: true }),
    node("elsewhere", { labels: { "kubernetes.io/os": "windows" } }),
  ]
  const p = pod({ nodeSelector: { "topology.kubernetes.io/zone": "b" } })
  assert.equal(
    message(p, [nodes[0]!, nodes[1]!, nodes[2]!], [on("full")]),
    "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, " +
      "1 node(s) had untolerated taint {dedicated: batch}, 1 node(s) were unschedulable. " +
      "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
  )
  assert.equal(
    message(pod(), [nodes[0]!], [on("full")]),
    "0/1 nodes are available: 1 Too many pods. " +
      "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
  )
})

test("requests count, also those of extended resources and of init containers", () => {
  assert.match(message(pod(requests({ cpu: "3" })), [node("a")]), /1 Insufficient cpu/)
  assert.match(message(pod(requests({ memory: "9Gi" })), [node("a")]), /1 Insufficient memory/)
  const eni = { "vpc.amazonaws.com/pod-eni": "1" }
  assert.match(message(pod(requests(eni)), [node("a")]), /Insufficient vpc.amazonaws.com\/pod-eni/)
  assert.equal(chosen(pod(requests(eni)), [node("a", { extended: eni })]), "a")
  const init = { initContainers: [{ name: "i", resources: { requests: { cpu: "3" } } }] }
  assert.match(message(pod(init), [node("a")]), /Insufficient cpu/)
})

test("finished pods hold nothing, pods being deleted still do", () => {
  const finished = { ...on("a"), status: { phase: "Succeeded" } }
  const deleted = on("a")
  deleted.metadata.deletionTimestamp = "2026-01-01T00:00:00Z"
  assert.equal(chosen(pod(), [node("a", { pods: 1 })], [finished]), "a")
  assert.match(message(pod(), [node("a", { pods: 1 })], [deleted]), /Too many pods/)
})

test("host ports are taken once per node", () => {
  const host = { containers: [{ name: "c", ports: [{ containerPort: 80 }] }], hostNetwork: true }
  assert.match(message(pod(host), [node("a")], [on("a", host)]), /free ports/)
})

test("required affinity, tolerations and node names in field selectors", () => {
  const only = (key: string, values: string[], fields = false) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              [fields ? "matchFields" : "matchExpressions"]: [
                { key, operator: "In" as const, values },
              ],
            },
          ],
        },
      },
    },
  })
  const nodes = [node("a"), node("b", { zone: "b" })]
  assert.equal(chosen(pod(only("topology.kubernetes.io/zone", ["b"])), nodes), "b")
  assert.equal(chosen(pod(only("metadata.name", ["a"], true)), nodes), "a")
  const tainted = [node("a", { taints: [{ key: "k", value: "v", effect: "NoSchedule" }] })]
  assert.equal(chosen(pod({ tolerations: [{ operator: "Exists" }] }), tainted), "a")
  assert.equal(chosen(pod({ tolerations: [{ key: "k", value: "v" }] }), tainted), "a")
  assert.match(message(pod({ tolerations: [{ key: "k", value: "w" }] }), tainted), /taint/)
})

test("topology spread: the emptiest zone, and no zone beyond the skew", () => {
  const nodes = [node("a1"), node("a2"), node("b1", { zone: "b", pods: 1 })]
  const p = () => pod(spreadBy("topology.kubernetes.io/zone"))
  assert.equal(chosen(p(), nodes, [on("a1")]), "b1")
  // Zone b is full: a second pod in zone a keeps the skew of one, a third would not.
  assert.equal(chosen(p(), nodes, [on("a1"), on("b1")]), "a2")
  assert.match(
    message(p(), nodes, [on("a1"), on("a2"), on("b1")]),
    /2 node\(s\) didn't match pod topology spread constraints/,
  )
})

test("anti-affinity keeps pods apart, whichever of the two demands it", () => {
  const apart = {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            labelSelector: { matchLabels: { app: "web" } },
            topologyKey: "kubernetes.io/hostname",
          },
        ],
      },
    },
  }
  const nodes = [node("a"), node("b")]
  assert.equal(chosen(pod(apart), nodes, [on("a")]), "b")
  assert.equal(chosen(pod(), nodes, [on("a", apart)]), "b")
  assert.match(message(pod(apart), [nodes[0]!], [on("a")]), /anti-affinity rules/)
})

test("the first pod that is affine to its own kind may start anywhere, the next joins it", () => {
  const together = {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            labelSelector: { matchLabels: { app: "web" } },
            topologyKey: "topology.kubernetes.io/zone",
          },
        ],
      },
    },
  }
  const nodes = [node("a"), node("b", { zone: "b" })]
  assert.equal(chosen(pod(together), nodes), "a")
  assert.equal(chosen(pod(together), nodes, [on("b", together)]), "b")
})

test("pods of one owner spread over nodes and zones without being asked", () => {
  const owned = (name?: string) => {
    const p = name ? on(name) : pod()
    p.metadata.ownerReferences = [
      { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "rs", controller: true },
    ]
    return p
  }
  const nodes = [node("a1"), node("a2"), node("b1", { zone: "b" })]
  assert.equal(chosen(owned(), nodes, [owned("a1")]), "b1")
  assert.equal(chosen(owned(), nodes, [owned("a1"), owned("b1")]), "a2")
})

test("preferences weigh, and a PreferNoSchedule taint is avoided", () => {
  const nodes = [node("a", { taints: [{ key: "k", effect: "PreferNoSchedule" }] }), node("b")]
  assert.equal(chosen(pod(), nodes), "b")
})

test("preemption takes the fewest pods of lower priority, and waits where some leave already", () => {
  const critical = pod({ priorityClassName: "system-node-critical" })
  const nodes = [node("a", { pods: 2 }), node("b", { pods: 2 })]
  const pods = [on("a"), on("a"), on("b"), on("b", { priority: 2_000_001_000 })]
  const found = findPreemption(critical, nodeStates(nodes, pods))
  assert.equal(found?.victims.length, 1)
  assert.equal(findPreemption(pod(), nodeStates(nodes, pods)), undefined)
  for (const p of pods) p.metadata.deletionTimestamp = "2026-01-01T00:00:00Z"
  assert.equal(findPreemption(critical, nodeStates(nodes, pods)), undefined)
})
