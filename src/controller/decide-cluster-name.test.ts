import assert from "node:assert/strict"
import { test } from "node:test"
import { decideClusterName } from "./decide-cluster-name.ts"

const managed = { "eks:cluster-name": "blue", "kubernetes.io/cluster/blue": "owned" }
const own = { "kubernetes.io/cluster/blue": "owned", Name: "n1" }

const cases: [string, (string | undefined)[], Record<string, string>[], object][] = [
  [
    "the agents' setting wins over tags",
    ["red", undefined],
    [managed],
    { kind: "found", name: "red" },
  ],
  ["a managed node group", [undefined], [managed, own], { kind: "found", name: "blue" }],
  ["Karpenter", [], [{ "eks:eks-cluster-name": "blue" }], { kind: "found", name: "blue" }],
  ["nodes that register by themselves", [], [own, { Name: "n2" }], { kind: "found", name: "blue" }],
  ["shared is no owner", [], [{ "kubernetes.io/cluster/blue": "shared" }], { kind: "unknown" }],
  ["agents that differ", ["red", "blue"], [own], { kind: "ambiguous", names: ["blue", "red"] }],
  [
    "one instance owned by two",
    [],
    [{ ...own, "kubernetes.io/cluster/red": "owned" }],
    { kind: "ambiguous", names: ["blue", "red"] },
  ],
  ["instances that differ", [], [managed, { "eks:cluster-name": "red" }], { kind: "ambiguous" }],
  ["nothing", [undefined, ""], [{}], { kind: "unknown" }],
]

for (const [what, stated, instances, expected] of cases)
  test(`the cluster's name: ${what}`, () => {
    assert.partialDeepStrictEqual(decideClusterName(stated, instances), expected)
  })
