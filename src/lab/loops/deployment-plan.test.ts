import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { planDeployment, revisionAnnotation } from "./deployment-plan.ts"
import { rollingLimits } from "./rolling-limits.ts"
import type { Deployment, ReplicaSet } from "./workloads.ts"

const deployment = (spec: Partial<Deployment["spec"]> = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default", uid: "d", generation: 1 },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "two" }] },
    },
    ...spec,
  },
})

/** The ReplicaSet that the Deployment itself would create, or one of an earlier template. */
function replicaSet(of: Deployment, name: string, size: number, available = size): ReplicaSet {
  const running = { ...of, spec: { ...of.spec, paused: false } }
  const plan = planDeployment({
    deployment: running,
    replicaSets: [],
    oldPodsRunning: false,
    now: 0,
  })
  const made = plan.create!
  const current = name === "current"
  const hash = current ? made.metadata.labels!["pod-template-hash"]! : name
  return {
    ...made,
    metadata: {
      ...made.metadata,
      name: `web-${name}`,
      uid: name,
      labels: { ...made.metadata.labels, "pod-template-hash": hash },
      annotations: { [revisionAnnotation]: current ? "2" : "1" },
    },
    spec: { ...made.spec, replicas: size },
    status: { replicas: size, readyReplicas: available, availableReplicas: available },
  }
}

const plan = (of: Deployment, replicaSets: ReplicaSet[], oldPodsRunning = false) =>
  planDeployment({ deployment: of, replicaSets, oldPodsRunning, now: 0 })
const scales = (p: ReturnType<typeof planDeployment>) =>
  p.scale.map((s) => [s.replicaSet.metadata.name, s.to])

test("percentages: a surge rounds up, unavailability down, and both zero lets one be missing", () => {
  const limits = (maxSurge: string | number, maxUnavailable: string | number) =>
    rollingLimits(deployment({ strategy: { rollingUpdate: { maxSurge, maxUnavailable } } }))
  assert.deepEqual(rollingLimits(deployment()), { surge: 1, unavailable: 1 })
  assert.deepEqual(limits("30%", "30%"), { surge: 2, unavailable: 1 })
  assert.deepEqual(limits(0, "10%"), { surge: 0, unavailable: 1 })
  assert.deepEqual(limits(3, 0), { surge: 3, unavailable: 0 })
})

test("a new Deployment creates one ReplicaSet with all replicas, as revision 1", () => {
  const { create, revise } = plan(deployment(), [])
  assert.equal(create?.spec.replicas, 4)
  assert.equal(create?.metadata.annotations?.[revisionAnnotation], "1")
  assert.deepEqual(create?.spec.selector.matchLabels, create?.metadata.labels)
  assert.deepEqual(
    revise.map((r) => [r.object.kind, r.revision]),
    [["Deployment", "1"]],
  )
})

test("a rollout surges with the new pods and removes what may be missing of the old", () => {
  const of = deployment()
  assert.deepEqual(plan(of, [replicaSet(of, "old", 4)]).create?.spec.replicas, 1)
  const begun = plan(of, [replicaSet(of, "old", 4), replicaSet(of, "current", 1, 0)])
  assert.deepEqual(scales(begun), [["web-old", 3]])
  const further = plan(of, [replicaSet(of, "old", 3), replicaSet(of, "current", 1, 1)])
  assert.deepEqual(scales(further), [
    ["web-current", 2],
    ["web-old", 2],
  ])
})

test("pods that do not serve are replaced first: a rollout away from a broken image is not held up by it", () => {
  const of = deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } })
  const broken = replicaSet(of, "broken", 2, 0)
  const good = replicaSet(of, "good", 3, 3)
  assert.deepEqual(scales(plan(of, [broken, good, replicaSet(of, "current", 0)])), [
    ["web-broken", 0],
  ])
})

test("Recreate waits for the last old pod", () => {
  const of = deployment({ strategy: { type: "Recreate" } })
  const stopping = plan(of, [replicaSet(of, "old", 4)])
  assert.deepEqual([scales(stopping), stopping.create], [[["web-old", 0]], undefined])
  assert.equal(plan(of, [replicaSet(of, "old", 0)], true).create, undefined)
  assert.equal(plan(of, [replicaSet(of, "old", 0)], false).create?.spec.replicas, 4)
})

test("a paused Deployment scales and does not roll", () => {
  const of = deployment({ paused: true, replicas: 7 })
  const { create, scale } = plan(of, [replicaSet(of, "old", 4)])
  assert.equal(create, undefined)
  assert.deepEqual(
    scale.map((s) => s.to),
    [7],
  )
})

test("going back to an earlier template gives it the newest revision", () => {
  const of = deployment()
  const current = replicaSet(of, "current", 0)
  current.metadata.annotations = { [revisionAnnotation]: "1" }
  const other = replicaSet(of, "other", 4)
  other.metadata.annotations = { [revisionAnnotation]: "2" }
  assert.deepEqual(
    plan(of, [current, other]).revise.map((r) => r.revision),
    ["3", "3"],
  )
})

test("idle ReplicaSets beyond the history limit go, oldest first", () => {
  const of = deployment({ revisionHistoryLimit: 1 })
  const idle = ["a", "b", "c"].map((name, i) => {
    const rs = replicaSet(of, name, 0)
    rs.metadata.annotations = { [revisionAnnotation]: String(i + 1) }
    return rs
  })
  const current = replicaSet(of, "current", 4)
  current.metadata.annotations = { [revisionAnnotation]: "4" }
  assert.deepEqual(
    plan(of, [...idle, current]).remove.map((rs) => rs.metadata.name),
    ["web-a", "web-b"],
  )
})

test("a rollout without progress for the deadline is reported, and recovers", () => {
  const of = deployment({ progressDeadlineSeconds: 60 })
  const sets = () => [replicaSet(of, "current", 4, 2)]
  const first = planDeployment({
    deployment: of,
    replicaSets: sets(),
    oldPodsRunning: false,
    now: 0,
  })
  const stuck = planDeployment({
    deployment: { ...of, status: first.status },
    replicaSets: sets(),
    oldPodsRunning: false,
    now: 61_000,
  })
  const progressing = stuck.status.conditions?.find((c) => c.type === "Progressing")
  assert.equal(progressing?.reason, "ProgressDeadlineExceeded")
  const recovered = planDeployment({
    deployment: { ...of, status: stuck.status },
    replicaSets: [replicaSet(of, "current", 4, 4)],
    oldPodsRunning: false,
    now: 62_000,
  })
  const after = recovered.status.conditions?.find((c) => c.type === "Progressing")
  assert.equal(after?.reason, "NewReplicaSetAvailable")
})

test("whatever state a rollout is in, it keeps its limits and ends", () => {
  fc.assert(
    fc.property(
      fc.record({
        replicas: fc.integer({ min: 0, max: 12 }),
        surge: fc.integer({ min: 0, max: 3 }),
        unavailable: fc.integer({ min: 0, max: 3 }),
        old: fc.integer({ min: 0, max: 12 }),
      }),
      ({ replicas, surge, unavailable, old }) => {
        const rollingUpdate = { maxSurge: surge, maxUnavailable: unavailable }
        const of = deployment({ replicas, strategy: { rollingUpdate } })
        const limits = rollingLimits(of)
        const sets = [replicaSet(of, "old", old), replicaSet(of, "current", 0)]
        const total = () => sets.reduce((n, rs) => n + rs.spec.replicas!, 0)
        // Every step takes effect at once, as if pods became available immediately.
        for (let step = 0; step < 60; step++) {
          const before = total()
          for (const { replicaSet: rs, to } of plan(of, sets).scale) {
            const found = sets.find((s) => s.metadata.name === rs.metadata.name)!
            found.spec.replicas = to
            found.status = { replicas: to, readyReplicas: to, availableReplicas: to }
          }
          assert.ok(total() <= Math.max(before, replicas + limits.surge))
          assert.ok(total() >= Math.min(before, replicas - limits.unavailable))
        }
        assert.deepEqual(
          sets.map((rs) => rs.spec.replicas),
          [0, replicas],
        )
      },
    ),
    { numRuns: 300 },
  )
})
