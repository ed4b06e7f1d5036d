import assert from "node:assert/strict"
import { test } from "node:test"
import type { KubeObject } from "../../api/meta.ts"
import type { NodeNetwork } from "../../api/nodenetwork.ts"
import { absent, failed, found, lookup } from "../../placement/read.ts"
import { groups, subnetPool, subnets } from "../../placement/testing/facts.ts"
import { type AdmissionFacts, factFindings } from "./facts.ts"
import { removalFindings } from "./removal.ts"
import { shapeFindings } from "./shape.ts"

const object = (
  kind: string,
  spec: object,
  metadata: object = {},
): KubeObject & { spec: object } => ({
  apiVersion: "v1",
  kind,
  metadata: { name: "x", ...metadata },
  spec,
})
const said = (object: KubeObject) => shapeFindings(object).map((f) => f.message)

test("shapes: what can be used is not objected to", () => {
  for (const ok of [
    object("ENIConfig", { subnet: "subnet-0a1b2c3d", securityGroups: ["sg-0a1b2c3d"] }),
    object("SecurityGroupPolicy", {
      podSelector: {},
      securityGroups: { groupIds: ["sg-0a1b2c3d"] },
    }),
    object("SubnetPool", { nodeSelector: {}, subnets: [{ cidr: "100.64.0.0/16", reserve: 3 }] }),
    object("SubnetPool", {
      serviceAccount: "a/b",
      subnets: [{ tags: { a: "*" } }, { id: "subnet-0a1b2c3d" }],
    }),
    object("Deployment", { replicas: -1 }),
  ])
    assert.deepEqual(said(ok), [])
})

const expression = (operator: string, values?: string[]) => ({
  matchExpressions: [{ key: "a", operator, ...(values && { values }) }],
})
const badPools: [object, RegExp][] = [
  [
    { podSelector: expression("Inn", ["b"]) },
    /matchExpressions\[0\]\.operator is none of In, NotIn/,
  ],
  [{ podSelector: expression("NotIn") }, /values is empty, and NotIn needs some/],
  [
    { namespaceSelector: expression("Exists", ["b"]) },
    /values is not empty, and Exists takes none/,
  ],
  [{ podSelector: "web" }, /spec.podSelector takes the fields matchLabels, matchExpressions/],
  [{ podSelector: { matchLabel: {} } }, /matchLabel is not a field; known are matchLabels/],
  [{ podSelector: { matchLabels: { a: 1 } } }, /matchLabels.a is no string/],
  [{ subnets: ["subnet-0a1b2c3d"] }, /spec.subnets\[0\] takes the fields id, tags/],
  [{ subnets: [null] }, /spec.subnets\[0\] is empty/],
  [{ quotaPerNamespace: 0 }, /quotaPerNamespace is no whole number from 1 on/],
  [{ priority: 1.5 }, /priority is no whole number/],
  [{ sticky: { ttlSeconds: -1 } }, /ttlSeconds is no whole number from 1 on/],
  [{ subnets: [{ cidr: "100.64.0.0/16", reserve: -1 }] }, /reserve is no whole number from 0 on/],
]

test("shapes: every field that cannot be used is named", () => {
  const six = Array.from({ length: 6 }, (_, i) => `sg-0000000${i}`)
  const cases: [KubeObject, RegExp][] = [
    [object("ENIConfig", {}), /spec.subnet is missing/],
    [object("ENIConfig", { subnet: "subnet-XYZ" }), /"subnet-XYZ" is not an id/],
    [
      object("ENIConfig", { subnet: "subnet-0a1b2c3d", securityGroup: [] }),
      /spec.securityGroup is not a field/,
    ],
    [object("ENIConfig", { subnet: "subnet-0a1b2c3d", securityGroups: six }), /names 6 groups/],
    [object("SecurityGroupPolicy", { podSelector: {} }), /groupIds is empty/],
    [
      object("SecurityGroupPolicy", { securityGroups: { groupIds: ["sg-0a1b2c3d"] } }),
      /neither podSelector/,
    ],
    [object("SubnetPool", { subnets: [] }), /spec.subnets is empty/],
    [object("SubnetPool", { subnets: [{ id: "subnet-0a1b2c3d" }] }), /either nodes/],
    [
      object("SubnetPool", {
        nodeSelector: {},
        podSelector: {},
        subnets: [{ id: "subnet-0a1b2c3d" }],
      }),
      /either nodes/,
    ],
    [
      object("SubnetPool", {
        nodeSelector: {},
        subnets: [{ id: "subnet-0a1b2c3d", cidr: "1.0.0.0/8" }],
      }),
      /exactly one of id, tags, cidr; it has id and cidr/,
    ],
    [
      object("SubnetPool", { nodeSelector: {}, subnets: [{ cidr: "100.64.0.0" }] }),
      /not a CIDR block/,
    ],
    [
      object("SubnetPool", {
        nodeSelector: {},
        subnets: [{ id: "subnet-0a1b2c3d" }],
        strategy: "Random",
      }),
      /none of MostFree/,
    ],
    [
      object("SubnetPool", {
        nodeSelector: {},
        subnets: [{ id: "subnet-0a1b2c3d" }],
        securityGroups: [{}],
      }),
      /has none/,
    ],
    [object("ENIConfig", null as never), /spec.subnet is missing/],
    [object("ENIConfig", { subnet: "subnet-0a1b2c3d", securityGroups: "sg-1" }), /is no list/],
    [object("ENIConfig", { subnet: 1 }), /spec.subnet is no string/],
    [
      object("SecurityGroupPolicy", { podSelector: {}, securityGroups: ["sg-0a1b2c3d"] }),
      /spec.securityGroups takes the fields groupIds/,
    ],
    ...badPools.map(([spec, expected]): [KubeObject, RegExp] => [
      object("SubnetPool", { podSelector: {}, subnets: [{ id: "subnet-0a1b2c3d" }], ...spec }),
      expected,
    ]),
  ]
  for (const [bad, expected] of cases) assert.match(said(bad).join("\n"), expected)
})

const nodes = [
  { name: "n1", zone: "us-west-2a", labels: { team: "a" } },
  { name: "n2", zone: "us-west-2c", labels: { team: "b" } },
]
const facts: AdmissionFacts = {
  vpcId: "vpc-1",
  nodes,
  otherPools: [],
  subnet: lookup(found(subnets), (s) => s.id),
  group: lookup(found(groups), (g) => g.id),
  subnets: found(subnets),
  boundTo: () => nodes,
}
const codes = (object: KubeObject, more: Partial<AdmissionFacts> = {}) =>
  factFindings(object, { ...facts, ...more }).map((f) => `${f.verdict} ${f.code}`)

test("facts: foreign and unknown ids are denied, zones without a subnet are warned about", () => {
  const config = (subnet: string, ...securityGroups: string[]) =>
    object("ENIConfig", { subnet, securityGroups })
  const noZone = "warn admission/no-subnet-in-zone"
  assert.deepEqual(codes(config("subnet-foreign"), { boundTo: () => [] }), [
    "deny placement/vpc-mismatch",
  ])
  assert.deepEqual(codes(config("subnet-gone")), ["deny placement/subnet-unknown"])
  assert.deepEqual(codes(config("subnet-pod-a1", "sg-foreign", "sg-gone")), [
    "deny placement/security-group-invalid",
    "deny placement/security-group-invalid",
    noZone,
  ])
  const pool = subnetPool("p", { nodeSelector: {}, subnets: [{ tags: { role: "pods" } }] })
  const [finding] = factFindings(pool, facts)
  assert.equal(`${finding?.verdict} ${finding?.code}`, noZone)
  assert.match(finding?.message ?? "", /us-west-2c, where it serves n2/)
})

test("facts: what could not be read is held against nobody", () => {
  const unread = {
    subnet: () => failed("timeout"),
    group: () => failed("timeout"),
    subnets: failed("timeout"),
  }
  const pool = subnetPool("p", {
    nodeSelector: {},
    subnets: [{ id: "subnet-x" }],
    securityGroups: [{ id: "sg-x" }],
  })
  assert.deepEqual(codes(pool, unread), [])
  assert.deepEqual(codes(object("ENIConfig", { subnet: "subnet-x" }), unread), [])
  assert.deepEqual(
    codes(object("ENIConfig", { subnet: "subnet-foreign" }), {
      vpcId: undefined,
      boundTo: () => [],
    }),
    [],
  )
})

test("facts: pools that select the same are warned about", () => {
  const terms = { subnets: [{ id: "subnet-pod-a1" }] }
  const pool = subnetPool("p", { nodeSelector: { matchLabels: { team: "a" } }, ...terms })
  const other = subnetPool("q", { nodeSelector: {} })
  const overlap = "warn admission/pools-overlap"
  assert.deepEqual(codes(pool, { otherPools: [other] }), [overlap])
  assert.deepEqual(codes(pool, { otherPools: [subnetPool("q", { podSelector: {} })] }), [])
  const forPods = subnetPool("p", { podSelector: {}, ...terms })
  const inA = { nodes: nodes.slice(0, 1) }
  assert.deepEqual(
    codes(forPods, { ...inA, otherPools: [subnetPool("q", { namespaceSelector: {} })] }),
    [overlap],
  )
  assert.deepEqual(codes(forPods, { ...inA, subnet: () => absent }), [
    "deny placement/subnet-unknown",
  ])
})

test("facts: of pools for pods it counts which namespaces and pods there are", () => {
  const team = (name: string) => ({ matchLabels: { team: name } })
  const pool = subnetPool("p", { namespaceSelector: team("a") })
  const other = subnetPool("q", { podSelector: { matchLabels: { app: "web" } } })
  const known = { nodes: [], subnets: failed("unread"), otherPools: [other] }
  const says = (more: Partial<AdmissionFacts>) =>
    factFindings(pool, { ...facts, ...known, ...more }).map((f) => f.message.split(" with")[0])
  const space = (name: string, labels = {}) => ({ name, labels })
  const pod = (namespace: string, app: string) => ({
    ...{ name: "x", namespace, labels: { app }, serviceAccount: "default" },
    namespaceLabels: found({ team: namespace }),
  })
  const possible = "SubnetPool/p and SubnetPool/q can select the same pods"
  assert.deepEqual(says({}), [possible])
  assert.deepEqual(says({ namespaces: [space("b", { team: "b" })] }), [])
  const namespaces = [space("a", { team: "a" })]
  assert.deepEqual(says({ namespaces, pods: [pod("a", "db"), pod("b", "web")] }), [possible])
  assert.deepEqual(says({ namespaces, pods: [pod("a", "db"), pod("a", "web")] }), [
    "SubnetPool/p and SubnetPool/q select pod a/x",
  ])
})

test("removal: bound nodes and pods with addresses are named", () => {
  const node = (name: string, binding: object | undefined, demand: object[]) =>
    ({
      ...object("NodeNetwork", { demand }, { name }),
      status: { binding, placements: [], interfaces: [], conditions: [] },
    }) as KubeObject as NodeNetwork
  const inUse = (placement: string, count: number) => ({
    placement,
    inUse: count,
    waiting: 0,
    cooling: 0,
  })
  const all = [
    node("n1", { name: "a", source: "Label", key: "k" }, [inUse("node", 3)]),
    node("n2", { name: "a", source: "SubnetPool", key: "k" }, [
      inUse("pool:blue", 2),
      inUse("node", 0),
    ]),
  ]
  const users = (kind: "ENIConfig" | "SubnetPool", name: string) =>
    removalFindings(kind, name, all).map((f) => f.message)
  assert.deepEqual(users("ENIConfig", "a"), [
    "ENIConfig/a is in use: node n1 is bound to it (3 pods)",
  ])
  assert.deepEqual(users("SubnetPool", "a"), ["SubnetPool/a is in use: node n2 is bound to it"])
  assert.deepEqual(users("SubnetPool", "blue"), ["SubnetPool/blue is in use: 2 pods of node n2"])
  assert.deepEqual(users("ENIConfig", "b"), [])
})
