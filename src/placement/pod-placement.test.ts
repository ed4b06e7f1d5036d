import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import { parsePlacementKey, placementKey } from "./placement.ts"
import { podPlacement } from "./pod-placement.ts"
import { absent, failed, found } from "./read.ts"
import { subnetPool } from "./testing/facts.ts"

const pod = {
  name: "web-1",
  namespace: "shop",
  labels: { app: "web" },
  serviceAccount: "web",
  namespaceLabels: found({ team: "blue" }),
  serviceAccountLabels: found({ role: "front" }),
}

const policy = (
  name: string,
  spec: SecurityGroupPolicy["spec"],
  namespace = "shop",
): SecurityGroupPolicy => ({
  apiVersion: "vpcresources.k8s.aws/v1beta1",
  kind: "SecurityGroupPolicy",
  metadata: { name, namespace },
  ...(spec && { spec }),
})
const groups = (...groupIds: string[]) => ({ securityGroups: { groupIds } })
const none = found([])

test("a pod that nothing selects uses the node placement", () => {
  const decision = podPlacement(pod, none, none)
  assert.ok(decision.ok && decision.key === "node")
})

test("pools choose pods by labels, namespace or service account, and all that a pool states must hold", () => {
  const cases = [
    [{ podSelector: { matchLabels: { app: "web" } } }, "pool:p"],
    [{ podSelector: { matchLabels: { app: "db" } } }, "node"],
    [{ namespaceSelector: { matchLabels: { team: "blue" } } }, "pool:p"],
    [{ namespaceSelector: { matchLabels: { team: "red" } } }, "node"],
    [{ serviceAccount: "web" }, "pool:p"],
    [{ serviceAccount: "shop/web" }, "pool:p"],
    [{ serviceAccount: "other/web" }, "node"],
    [{ podSelector: {}, namespaceSelector: { matchLabels: { team: "red" } } }, "node"],
    // A pool that says nothing about pods, or serves nodes, serves no pod of its own.
    [{}, "node"],
    [{ nodeSelector: {}, podSelector: {} }, "node"],
  ] as const
  for (const [spec, key] of cases) {
    const decision = podPlacement(pod, found([subnetPool("p", spec)]), none)
    assert.ok(decision.ok)
    assert.equal(decision.key, key, JSON.stringify(spec))
  }
})

test("W37: policies follow the original: union, AND of selectors, empty selects all, incomplete ones are skipped", () => {
  const policies = found([
    policy("all", { podSelector: {}, ...groups("sg-1") }),
    policy("both", {
      podSelector: { matchLabels: { app: "web" } },
      serviceAccountSelector: { matchLabels: { role: "front" } },
      ...groups("sg-2", "sg-1"),
    }),
    policy("half", {
      podSelector: { matchLabels: { app: "web" } },
      serviceAccountSelector: { matchLabels: { role: "back" } },
      ...groups("sg-3"),
    }),
    policy("no selector", groups("sg-4")),
    policy("no groups", { podSelector: {} }),
    policy("no spec", undefined),
    policy("other namespace", { podSelector: {}, ...groups("sg-5") }, "bank"),
  ])
  const decision = podPlacement(pod, none, policies)
  assert.ok(decision.ok)
  assert.equal(decision.key, "sg:sg-1,sg-2")
})

test("pool and policy together make one placement", () => {
  const pools = found([subnetPool("p", { podSelector: {} })])
  const policies = found([policy("all", { podSelector: {}, ...groups("sg-1") })])
  const decision = podPlacement(pod, pools, policies)
  assert.ok(decision.ok && decision.key === "pool:p/sg:sg-1")
})

test("a failed read of anything that matters is a refusal; what does not matter is not read", () => {
  const down = failed("timeout")
  const bySA = found([policy("sa", { serviceAccountSelector: {}, ...groups("sg-1") })])
  const byNamespace = found([subnetPool("p", { namespaceSelector: {} })])
  const refused = [
    podPlacement(pod, down, none),
    podPlacement(pod, none, down),
    podPlacement({ ...pod, serviceAccountLabels: down }, none, bySA),
    podPlacement({ ...pod, namespaceLabels: down }, byNamespace, none),
  ]
  for (const decision of refused) {
    assert.ok(!decision.ok)
    assert.equal(decision.refusal.code, "placement/unreadable")
  }
  const blind = { ...pod, namespaceLabels: down, serviceAccountLabels: down }
  const byLabel = found([subnetPool("p", { podSelector: {} })])
  assert.ok(
    podPlacement(blind, byLabel, found([policy("x", { podSelector: {}, ...groups("sg-1") })])).ok,
  )
})

test("a service account that does not exist matches no selector", () => {
  const bySA = found([policy("sa", { serviceAccountSelector: {}, ...groups("sg-1") })])
  const decision = podPlacement({ ...pod, serviceAccountLabels: absent }, none, bySA)
  assert.ok(decision.ok && decision.key === "node")
})

test("a key survives being written and read, and nothing else is a key", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/)
  const selector = fc.record(
    { pool: name, groups: fc.array(name, { maxLength: 4 }) },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(selector, (s) => {
      const parsed = parsePlacementKey(placementKey(s))
      assert.equal(parsed?.pool, s.pool)
      assert.deepEqual(parsed?.groups ?? [], [...new Set(s.groups ?? [])].sort())
    }),
  )
  for (const key of ["", "pool:", "sg:", "/sg:a", "pool:a/", "pool:a/b", "sg:a/pool:b", "nodes"]) {
    assert.equal(parsePlacementKey(key), undefined, key)
  }
})
