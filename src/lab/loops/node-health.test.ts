import assert from "node:assert/strict"
import { test } from "node:test"
import type { Lease, Node } from "../../api/core.ts"
import { evictionTime, graceMs, judgeNode } from "./node-health.ts"
import type { LabPod, Toleration } from "./pod.ts"
import { microStamp } from "./stamp.ts"

const start = Date.parse("2026-01-01T00:00:00Z")
const node = (ready: string, spec: Node["spec"] = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "a" },
  spec,
  status: { conditions: [{ type: "Ready", status: ready }] },
})
const lease = (renewed: number): Lease => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "a" },
  spec: { renewTime: microStamp(renewed) },
})
const taints = (n: Node, now = start) =>
  judgeNode(n, lease(start), now).taints.map((t) => `${t.key.split("/")[1]}:${t.effect}`)

test("taints follow readiness and cordons, and leave those of others alone", () => {
  assert.deepEqual(taints(node("True")), [])
  assert.deepEqual(taints(node("False")), ["not-ready:NoSchedule", "not-ready:NoExecute"])
  assert.deepEqual(taints(node("True", { unschedulable: true })), ["unschedulable:NoSchedule"])
  const theirs = { key: "x.dev/dedicated", effect: "NoSchedule" }
  const before = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }
  assert.deepEqual(taints(node("True", { taints: [theirs, before] })), ["dedicated:NoSchedule"])
})

test("a kubelet that is silent beyond the grace makes its node unknown", () => {
  const late = judgeNode(node("True"), lease(start), start + graceMs + 1)
  assert.equal(late.conditions?.[0]?.status, "Unknown")
  assert.ok(late.taints.some((t) => t.key === "node.kubernetes.io/unreachable"))
  const inTime = judgeNode(node("True"), lease(start), start + 1000)
  assert.equal(inTime.conditions, undefined)
  assert.equal(inTime.silentInMs, graceMs - 1000)
})

test("pods leave a tainted node when their toleration ends", () => {
  const tainted = [
    {
      key: "node.kubernetes.io/unreachable",
      effect: "NoExecute",
      timeAdded: "2026-01-01T00:00:00Z",
    },
  ]
  const due = (tolerations?: Toleration[]) => {
    const pod: LabPod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { containers: [], ...(tolerations ? { tolerations } : {}) },
    }
    const at = evictionTime(pod, tainted, start)
    return at === undefined ? undefined : at - start
  }
  assert.equal(due(), 300_000)
  assert.equal(due([{ operator: "Exists" }]), undefined)
  assert.equal(due([{ operator: "Exists", tolerationSeconds: 30 }]), 30_000)
})
