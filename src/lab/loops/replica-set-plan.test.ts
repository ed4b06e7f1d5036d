import assert from "node:assert/strict"
import { test } from "node:test"
import type { LabPod } from "./pod.ts"
import { planReplicaSet } from "./replica-set-plan.ts"
import type { ReplicaSet } from "./workloads.ts"

const set = (replicas: number): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name: "web", namespace: "default", uid: "rs" },
  spec: {
    replicas,
    selector: {},
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [] } },
  },
})

function pod(
  name: string,
  options: { node?: string; ready?: boolean; cost?: number; phase?: string } = {},
): LabPod {
  const { node, ready = true, cost, phase = "Running" } = options
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels: { app: "web" },
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...(cost === undefined
        ? {}
        : { annotations: { "controller.kubernetes.io/pod-deletion-cost": String(cost) } }),
    },
    spec: { containers: [], ...(node ? { nodeName: node } : {}) },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  }
}

const removed = (replicas: number, pods: LabPod[]) =>
  planReplicaSet(set(replicas), pods, 0).remove.map((p) => p.metadata.name)

test("missing pods are created; finished ones do not count", () => {
  const pods = [pod("a", { node: "n" }), pod("b", { node: "n", phase: "Failed" })]
  assert.equal(planReplicaSet(set(3), pods, 0).create, 2)
})

test("the least useful pods go first", () => {
  const ready = pod("ready", { node: "n" })
  assert.deepEqual(removed(1, [ready, pod("unbound")]), ["unbound"])
  assert.deepEqual(removed(1, [ready, pod("pending", { node: "n", phase: "Pending" })]), [
    "pending",
  ])
  assert.deepEqual(removed(1, [ready, pod("unready", { node: "n", ready: false })]), ["unready"])
  assert.deepEqual(removed(1, [ready, pod("cheap", { node: "n", cost: -5 })]), ["cheap"])
})

test("a crowded node gives up a pod before others do", () => {
  const pods = [pod("a", { node: "x" }), pod("b", { node: "y" }), pod("c", { node: "y" })]
  assert.ok(["b", "c"].includes(removed(2, pods)[0] ?? ""))
})

test("large differences take several steps", () => {
  assert.equal(planReplicaSet(set(250), [], 0).create, 100)
})
