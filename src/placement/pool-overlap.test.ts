import assert from "node:assert/strict"
import { test } from "node:test"
import type { SubnetPool } from "../api/subnetpool.ts"
import { mayOverlap, nodeOverlaps } from "./pool-overlap.ts"
import { subnetPool } from "./testing/facts.ts"

const labels = (matchLabels: Record<string, string>) => ({ matchLabels })

test("a node that two pools select is named, unless one has the higher priority", () => {
  const nodes = [
    { name: "n1", labels: { team: "a", zone: "x" } },
    { name: "n2", labels: { team: "b" } },
  ]
  const byTeam = subnetPool("team", { nodeSelector: labels({ team: "a" }) })
  const byZone = subnetPool("zone", { nodeSelector: labels({ zone: "x" }) })
  const forPods = subnetPool("pods", { podSelector: {} })
  assert.deepEqual(nodeOverlaps([byZone, byTeam, forPods], nodes), [
    { node: "n1", pools: ["team", "zone"] },
  ])
  const first = { ...byTeam, spec: { ...byTeam.spec, priority: 1 } }
  assert.deepEqual(nodeOverlaps([byZone, first], nodes), [])
})

test("pools cannot overlap when a key is asked for values that exclude each other", () => {
  const blue = { namespaceSelector: labels({ team: "blue" }) }
  type Spec = Partial<SubnetPool["spec"]>
  const cases: [Spec, Spec, boolean][] = [
    [blue, { namespaceSelector: labels({ team: "red" }) }, false],
    [blue, { namespaceSelector: labels({ tier: "db" }) }, true],
    [blue, { podSelector: {} }, true],
    [blue, { ...blue, priority: 5 }, false],
    [blue, { nodeSelector: {} }, false],
    [{ nodeSelector: {} }, { nodeSelector: labels({ a: "b" }) }, true],
    [{ serviceAccount: "web" }, { serviceAccount: "shop/web" }, true],
    [{ serviceAccount: "bank/web" }, { serviceAccount: "shop/web" }, false],
    [
      { podSelector: { matchExpressions: [{ key: "a", operator: "DoesNotExist" }] } },
      { podSelector: labels({ a: "b" }) },
      false,
    ],
    [
      {
        podSelector: {
          matchExpressions: [{ key: "a", operator: "In", values: ["b", "c"] }],
        },
      },
      { podSelector: labels({ a: "b" }) },
      true,
    ],
  ]
  for (const [a, b, expected] of cases) {
    const pools = [subnetPool("a", a), subnetPool("b", b)] as const
    assert.equal(mayOverlap(pools[0], pools[1]), expected, JSON.stringify([a, b]))
    assert.equal(mayOverlap(pools[1], pools[0]), expected, JSON.stringify([b, a]))
  }
})
