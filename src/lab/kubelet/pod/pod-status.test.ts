import assert from "node:assert/strict"
import { test } from "node:test"
import type { ContainerState, LabPod } from "../../loops/pod.ts"
import { RestartBackoff } from "./backoff.ts"
import { type ContainerRecord, podStatus } from "./pod-status.ts"

const pod = (spec: Partial<LabPod["spec"]> = {}): LabPod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", uid: "u" },
  spec: { containers: [{ name: "a" }, { name: "b" }], ...spec },
})
const running: ContainerState = { running: { startedAt: "2026-01-01T00:00:00Z" } }
const ended = (exitCode: number): ContainerState => ({
  terminated: { exitCode, reason: "x", startedAt: "", finishedAt: "" },
})
const record = (state: ContainerState, ready = true, restartCount = 0): ContainerRecord => ({
  state,
  lastState: {},
  ready,
  started: true,
  restartCount,
})
function status(of: LabPod, states: Record<string, ContainerRecord>) {
  const made = podStatus({
    pod: of,
    containers: new Map(Object.entries(states)),
    hostAddress: "10.0.0.5",
    podAddress: "10.0.0.9",
    startTime: 0,
    sandboxReady: true,
    now: 0,
  })
  const ready = made.conditions?.find((c) => c.type === "Ready")
  return { ...made, ready: ready?.status }
}

test("phases", () => {
  const cases: [string, LabPod, Record<string, ContainerRecord>][] = [
    ["Pending", pod(), {}],
    ["Running", pod(), { a: record(running), b: record(running) }],
    ["Running", pod(), { a: record(running), b: record(ended(1)) }],
    ["Running", pod(), { a: record({ waiting: { reason: "CrashLoopBackOff" } }, false, 3) }],
    ["Running", pod(), { a: record(ended(0)), b: record(ended(0)) }],
    [
      "Succeeded",
      pod({ restartPolicy: "OnFailure" }),
      { a: record(ended(0)), b: record(ended(0)) },
    ],
    ["Failed", pod({ restartPolicy: "Never" }), { a: record(ended(0)), b: record(ended(1)) }],
    ["Pending", pod({ initContainers: [{ name: "i" }] }), { i: record(running) }],
    ["Pending", pod({ initContainers: [{ name: "i" }] }), { i: record(ended(1)) }],
    [
      "Failed",
      pod({ initContainers: [{ name: "i" }], restartPolicy: "Never" }),
      { i: record(ended(1)) },
    ],
  ]
  for (const [phase, of, states] of cases)
    assert.equal(status(of, states).phase, phase, JSON.stringify(states))
})

test("a pod is ready when all containers and readiness gates are", () => {
  const both = { a: record(running), b: record(running) }
  assert.equal(status(pod(), both).ready, "True")
  assert.equal(status(pod(), { ...both, b: record(running, false) }).ready, "False")
  const gated = pod({ readinessGates: [{ conditionType: "x.dev/ok" }] })
  assert.equal(status(gated, both).ready, "False")
  gated.status = { conditions: [{ type: "x.dev/ok", status: "True" }] }
  assert.equal(status(gated, both).ready, "True")
})

test("addresses are the pod's own, or the host's", () => {
  assert.equal(status(pod(), {}).podIP, "10.0.0.9")
  assert.equal(status(pod({ hostNetwork: true }), {}).podIP, "10.0.0.5")
})

test("restarts wait as kubelet's: at once, 10 s, 20 s, ... 5 min, forgotten after 10 min", () => {
  const backoff = new RestartBackoff()
  const waits = Array.from({ length: 8 }, () => backoff.next(1000))
  assert.deepEqual(
    waits,
    [0, 10, 20, 40, 80, 160, 300, 300].map((s) => s * 1000),
  )
  assert.equal(backoff.next(600_000), 0)
})
