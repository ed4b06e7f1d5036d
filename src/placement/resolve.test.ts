import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import { externalLabel } from "./binding.ts"
import { failed, found } from "./read.ts"
import {
  type BindingMode,
  type NodeFacts,
  type PlacementSources,
  placementStatus,
  type RefusedPlacement,
  type Resolution,
  type ResolvedPlacement,
  resolvePlacement,
} from "./resolve.ts"
import {
  customNetworking,
  eniConfig,
  nodeA,
  type Objects,
  sourcesWith,
  subnetPool,
  subnets,
} from "./testing/facts.ts"

interface Case extends Objects {
  readonly key?: string
  readonly node?: Partial<NodeFacts>
  readonly mode?: Partial<BindingMode>
  readonly sources?: Partial<PlacementSources>
}

const resolve = ({ key = "node", node, mode, sources, ...objects }: Case): Resolution =>
  resolvePlacement(
    key,
    { ...nodeA, ...node },
    { ...customNetworking, ...mode },
    sourcesWith(objects, sources),
  )

function accepted(c: Case): ResolvedPlacement {
  const resolution = resolve(c)
  assert.ok(resolution.ok, !resolution.ok ? resolution.refusal.message : "")
  return resolution
}

function refused(c: Case): RefusedPlacement {
  const resolution = resolve(c)
  assert.ok(!resolution.ok, "it was not refused")
  return resolution
}

const zoneConfig = eniConfig("us-west-2a", "subnet-pod-a1", ["sg-3", "sg-2"])
const idsOf = (r: ResolvedPlacement) => r.placement.subnets.map((option) => option.subnet.id)

test("the zone's ENIConfig gives its subnet and groups", () => {
  const resolution = accepted({ configs: [zoneConfig] })
  assert.deepEqual(idsOf(resolution), ["subnet-pod-a1"])
  assert.deepEqual(resolution.placement.securityGroups, ["sg-2", "sg-3"])
  assert.equal(resolution.placement.object, "ENIConfig/us-west-2a")
  assert.deepEqual(resolution.binding, {
    name: "us-west-2a",
    source: "Label",
    key: "topology.kubernetes.io/zone",
  })
})

test("an annotation wins over the zone label, the external label over both", () => {
  const configs = [
    zoneConfig,
    eniConfig("manual", "subnet-pod-a2"),
    eniConfig("external", "subnet-node-a"),
  ]
  const annotations = { "k8s.amazonaws.com/eniConfig": "manual" }
  assert.deepEqual(idsOf(accepted({ configs, node: { annotations } })), ["subnet-pod-a2"])
  const labels = { ...nodeA.labels, [externalLabel]: "external" }
  assert.deepEqual(idsOf(accepted({ configs, node: { annotations, labels } })), ["subnet-node-a"])
})

test("an ENIConfig without groups takes those of the primary ENI", () => {
  const { placement, trace } = accepted({ configs: [eniConfig("us-west-2a", "subnet-pod-a1")] })
  assert.deepEqual(placement.securityGroups, ["sg-0", "sg-1"])
  assert.ok(trace.some((step) => /primary ENI/.test(step.why)))
})

test("without custom networking the placement is the primary ENI's, whatever is bound", () => {
  const { placement, binding } = accepted({
    mode: { customNetworking: false },
    configs: [zoneConfig],
  })
  assert.equal(placement.object, "primary")
  assert.deepEqual(
    placement.subnets.map((o) => o.subnet.id),
    ["subnet-node-a"],
  )
  assert.deepEqual(placement.securityGroups, ["sg-0", "sg-1"])
  assert.equal(binding, undefined)
})

const many = Array.from({ length: 6 }, (_, i) => `sg-${i}`)
const withConfig = (subnet: string, groups: string[] = []): Case => ({
  configs: [eniConfig("us-west-2a", subnet, groups)],
})
const refusals: [what: string, c: Case, code: string, message: RegExp][] = [
  [
    "a missing ENIConfig",
    {},
    "placement/eniconfig-missing",
    /bound to ENIConfig "us-west-2a" \(by label topology/,
  ],
  [
    "a missing default",
    { node: { labels: {} } },
    "placement/eniconfig-missing",
    /"default" \(by default\)/,
  ],
  [
    "an empty name",
    { node: { annotations: { "k8s.amazonaws.com/eniConfig": "" } }, configs: [zoneConfig] },
    "placement/binding-empty",
    /annotation k8s\.amazonaws\.com\/eniConfig/,
  ],
  ["an empty subnet", withConfig(""), "placement/no-subnet", /spec\.subnet is empty/],
  ["an unknown subnet", withConfig("subnet-x"), "placement/subnet-unknown", /subnet-x/],
  [
    "another zone",
    withConfig("subnet-pod-b1"),
    "placement/zone-mismatch",
    /us-west-2b.*us-west-2a/,
  ],
  ["another VPC", withConfig("subnet-foreign"), "placement/vpc-mismatch", /vpc-2.*vpc-1/],
  [
    "an unknown group",
    withConfig("subnet-pod-a1", ["sg-x"]),
    "placement/security-group-invalid",
    /sg-x.*not know/,
  ],
  [
    "a group of another VPC",
    withConfig("subnet-pod-a1", ["sg-foreign"]),
    "placement/security-group-invalid",
    /vpc-2/,
  ],
  [
    "six groups",
    withConfig("subnet-pod-a1", many),
    "placement/security-group-invalid",
    /one of 6.*takes 5/,
  ],
  ["a missing pool", { key: "pool:blue" }, "placement/pool-missing", /"blue"/],
  [
    "a pool without a subnet in the zone",
    { key: "pool:blue", pools: [subnetPool("blue", { subnets: [{ id: "subnet-pod-b1" }] })] },
    "placement/no-subnet",
    /us-west-2a/,
  ],
  ["a malformed key", { key: "somewhere" }, "placement/key-malformed", /"somewhere"/],
  [
    "a group that no policy grants",
    { key: "sg:sg-db", configs: [zoneConfig] },
    "placement/security-group-invalid",
    /no SecurityGroupPolicy/,
  ],
]

for (const [what, c, code, message] of refusals) {
  test(`${what} is refused`, () => {
    const resolution = refused(c)
    assert.equal(resolution.refusal.code, code)
    assert.match(resolution.refusal.message, message)
    assert.equal(resolution.unreadable, false)
    assert.equal(resolution.trace.at(-1)?.verdict, "refused")
    assert.equal(placementStatus("node", resolution).code, code)
  })
}

test("a failed read is never taken for absence, wherever it happens", () => {
  const down = failed("connection refused")
  const bound = { key: "node", configs: [zoneConfig] }
  const broken: [Case, Partial<PlacementSources>][] = [
    [bound, { eniConfig: () => down }],
    [bound, { subnet: () => down }],
    [bound, { group: () => down }],
    [bound, { pools: down }],
    [{ key: "pool:blue" }, { pools: down }],
    [
      { key: "pool:blue", pools: [subnetPool("blue", { subnets: [{ id: "x" }] })] },
      { subnets: down },
    ],
    [{ ...bound, key: "sg:sg-db" }, { policies: down }],
    [{ ...bound, mode: { customNetworking: false } }, { subnet: () => down }],
  ]
  for (const [c, sources] of broken) {
    const resolution = refused({ ...c, sources })
    assert.equal(resolution.refusal.code, "placement/unreadable")
    assert.equal(resolution.unreadable, true)
    assert.match(resolution.refusal.message, /connection refused/)
  }
})

test("unreadable pools do not matter to a node that is annotated", () => {
  const annotations = { "k8s.amazonaws.com/eniConfig": "us-west-2a" }
  accepted({ configs: [zoneConfig], node: { annotations }, sources: { pools: failed("down") } })
})

test("a refusal still says which object was meant and what bound the node to it", () => {
  const resolution = refused({})
  assert.equal(resolution.object, "ENIConfig/us-west-2a")
  assert.equal(resolution.binding?.source, "Label")
})

test("a raised quota of groups is honoured", () => {
  accepted({ ...withConfig("subnet-pod-a1", many), sources: { maxSecurityGroups: 6 } })
})

test("a pool serves a node by its selector, in the order of its terms, zone by zone", () => {
  const pool = subnetPool("blue", {
    nodeSelector: { matchLabels: { team: "blue" } },
    subnets: [
      { id: "subnet-pod-a2", weight: 3, reserve: 5 },
      { tags: { role: "pods" } },
      { cidr: "10.0.0.0/16" },
    ],
    securityGroups: [{ name: "database" }, { tags: { tier: "*" } }, { id: "sg-3" }],
  })
  const labels = { ...nodeA.labels, team: "blue" }
  const { placement, binding } = accepted({
    pools: [pool],
    configs: [zoneConfig],
    node: { labels },
  })
  assert.deepEqual(
    placement.subnets.map((o) => [o.subnet.id, o.weight, o.reserve]),
    [
      ["subnet-pod-a2", 3, 5],
      ["subnet-pod-a1", 1, 0],
      ["subnet-node-a", 1, 0],
    ],
  )
  assert.deepEqual(placement.securityGroups, ["sg-3", "sg-db"])
  assert.deepEqual([binding?.source, binding?.name, placement.key], ["SubnetPool", "blue", "node"])
})

test("two pools of one priority that select a node are ambiguous, and a higher priority settles it", () => {
  const both = { nodeSelector: {}, subnets: [{ id: "subnet-pod-a1" }] }
  const tied = refused({ pools: [subnetPool("one", both), subnetPool("two", both)] })
  assert.equal(tied.refusal.code, "placement/pool-ambiguous")
  assert.match(tied.refusal.message, /one, two/)
  const settled = accepted({
    pools: [subnetPool("one", both), subnetPool("two", { ...both, priority: 1 })],
  })
  assert.equal(settled.placement.object, "SubnetPool/two")
})

test("a term that says nothing selects nothing", () => {
  const pool = subnetPool("blue", { subnets: [{}, { tags: {} }] })
  assert.equal(refused({ key: "pool:blue", pools: [pool] }).refusal.code, "placement/no-subnet")
})

const policy: SecurityGroupPolicy = {
  apiVersion: "vpcresources.k8s.aws/v1beta1",
  kind: "SecurityGroupPolicy",
  metadata: { name: "db", namespace: "shop" },
  spec: { podSelector: {}, securityGroups: { groupIds: ["sg-db", "sg-4"] } },
}

test("groups of a policy replace the node's, and the subnet stays the node's", () => {
  const c = { configs: [zoneConfig], sources: { policies: found([policy]) } }
  const { placement } = accepted({ ...c, key: "sg:sg-4,sg-db" })
  assert.deepEqual(
    placement.subnets.map((o) => o.subnet.id),
    ["subnet-pod-a1"],
  )
  assert.deepEqual(placement.securityGroups, ["sg-4", "sg-db"])
  const pools = [
    subnetPool("blue", { subnets: [{ id: "subnet-pod-a2" }], securityGroups: [{ id: "sg-3" }] }),
  ]
  const both = accepted({ ...c, pools, key: "pool:blue/sg:sg-db" })
  assert.deepEqual(idsOf(both), ["subnet-pod-a2"])
  assert.deepEqual(both.placement.securityGroups, ["sg-db"])
})

test("W10: an ENIConfig named default is one like any other, for pods with groups of their own too", () => {
  const configs = [eniConfig("default", "subnet-pod-a1", ["sg-3"])]
  const node = { labels: {} }
  assert.deepEqual(idsOf(accepted({ configs, node })), ["subnet-pod-a1"])
  const sources = { policies: found([policy]) }
  const own = accepted({ configs, node, sources, key: "sg:sg-4,sg-db" })
  assert.deepEqual(idsOf(own), ["subnet-pod-a1"])
})

test("whatever is read, a placement only has subnets of the node's zone and VPC", () => {
  const id = fc.constantFrom(...subnets.map((s) => s.id), "subnet-x")
  const term = fc.oneof(
    fc.record({ id }),
    fc.constant({ tags: { role: "pods" } }),
    fc.constant({ cidr: "100.64.0.0/10" }),
  )
  fc.assert(
    fc.property(id, fc.array(term, { maxLength: 4 }), fc.boolean(), (subnet, terms, byPool) => {
      const resolution = resolve({
        key: byPool ? "pool:p" : "node",
        configs: [eniConfig("us-west-2a", subnet)],
        pools: [subnetPool("p", { subnets: terms })],
      })
      if (!resolution.ok) return
      assert.ok(resolution.placement.subnets.length > 0)
      for (const option of resolution.placement.subnets) {
        assert.deepEqual([option.subnet.zone, option.subnet.vpcId], ["us-west-2a", "vpc-1"])
        const chosen = resolution.trace.filter((step) => step.verdict === "chosen")
        assert.ok(
          chosen.some((step) => step.subject === option.subnet.id),
          "the trace names it",
        )
      }
    }),
  )
})
