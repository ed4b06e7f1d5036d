import assert from "node:assert/strict"
import { test } from "node:test"
import type { KubeObject } from "../../api/meta.ts"
import { eniConfig, groups, subnetPool, subnets } from "../../placement/testing/facts.ts"
import { shapeFindings } from "../admission/shape.ts"
import type { Conversion } from "./conversion.ts"
import { fromAutoMode, fromDiscoveryTags, fromENIConfigs, fromKarpenter } from "./from-amazon.ts"
import { fromSpiderpool, fromTerway } from "./from-others.ts"
import { toAutoMode, toDiscoveryTags, toENIConfigs } from "./to-amazon.ts"

const object = (kind: string, name: string, spec: object): KubeObject =>
  ({ apiVersion: "x/v1", kind, metadata: { name }, spec }) as KubeObject
const specs = (conversion: Conversion) =>
  conversion.objects.map((o) => (o as KubeObject & { spec: object }).spec)
const verdicts = (conversion: Conversion) => conversion.notes.map((n) => `${n.verdict} ${n.about}`)
const facts = { subnets, groups }

test("an ENIConfig becomes a pool for the nodes whose label names it", () => {
  const made = fromENIConfigs(
    [
      eniConfig("us-west-2a", "subnet-0a1b2c3d", ["sg-0a1b2c3d"]),
      eniConfig("default", "subnet-0d1b2c3d"),
    ],
    "topology.kubernetes.io/zone",
  )
  assert.deepEqual(specs(made), [
    {
      nodeSelector: { matchLabels: { "topology.kubernetes.io/zone": "us-west-2a" } },
      subnets: [{ id: "subnet-0a1b2c3d" }],
      securityGroups: [{ id: "sg-0a1b2c3d" }],
      strategy: "Ordered",
    },
    {
      nodeSelector: {},
      priority: -1000,
      subnets: [{ id: "subnet-0d1b2c3d" }],
      strategy: "Ordered",
    },
  ])
  assert.deepEqual(verdicts(made).slice(0, 2), [
    "same ENIConfig/us-west-2a",
    "differs ENIConfig/default",
  ])
  for (const pool of made.objects) assert.deepEqual(shapeFindings(pool), [])
})

test("discovery tags become a term of tags", () => {
  assert.deepEqual(specs(fromDiscoveryTags("harbour")), [
    {
      nodeSelector: {},
      subnets: [
        { tags: { "kubernetes.io/role/cni": "1", "cni.networking.k8s.aws/cluster/harbour": "*" } },
      ],
      strategy: "MostFree",
    },
  ])
  assert.ok(verdicts(fromDiscoveryTags(undefined)).includes("lost the node's own subnet"))
})

test("node classes become pools for their nodes", () => {
  const karpenter = object("EC2NodeClass", "web", {
    subnetSelectorTerms: [{ tags: { role: "pods" } }, { id: "subnet-0a1b2c3d" }],
    securityGroupSelectorTerms: [{ name: "pods", tags: { a: "b" } }],
  })
  assert.deepEqual(specs(fromKarpenter([karpenter])), [
    {
      nodeSelector: { matchLabels: { "karpenter.k8s.aws/ec2nodeclass": "web" } },
      subnets: [{ tags: { role: "pods" } }, { id: "subnet-0a1b2c3d" }],
      securityGroups: [{ name: "pods" }],
      strategy: "MostFree",
    },
  ])
  const auto = object("NodeClass", "web", {
    subnetSelectorTerms: [{ tags: { role: "nodes" } }],
    podSubnetSelectorTerms: [{ tags: { role: "pods" } }],
  })
  const made = fromAutoMode([auto, object("NodeClass", "bare", {})])
  assert.deepEqual(specs(made), [
    {
      nodeSelector: { matchLabels: { "eks.amazonaws.com/nodeclass": "web" } },
      subnets: [{ tags: { role: "pods" } }],
      strategy: "MostFree",
    },
  ])
  assert.ok(verdicts(made).includes("lost NodeClass/bare"))
})

test("a PodNetworking becomes a pool of pods; ids without a counterpart wait for a tag", () => {
  const spec = {
    selector: { podSelector: { matchLabels: { app: "ledger" } } },
    vSwitchOptions: ["vsw-a1", "vsw-b1"],
    vSwitchSelectOptions: { vSwitchSelectionPolicy: "most" },
    securityGroupIDs: ["sg-1"],
    allocationType: { type: "Fixed", releaseStrategy: "TTL", releaseAfter: "1h30m" },
  }
  const network = object("PodNetworking", "ledger", spec)
  const unselective = object("PodNetworking", "named", { vSwitchOptions: ["vsw-a1"] })
  const made = fromTerway([network, unselective], new Map([["vsw-a1", "subnet-0a1b2c3d"]]))
  assert.deepEqual(specs(made), [
    {
      podSelector: { matchLabels: { app: "ledger" } },
      subnets: [{ id: "subnet-0a1b2c3d" }, { tags: { "berth.dev/converted-from": "vsw-b1" } }],
      strategy: "MostFree",
      sticky: { ttlSeconds: 5400 },
    },
  ])
  const lost = made.notes.filter((n) => n.verdict === "lost").map((n) => `${n.about}: ${n.says}`)
  assert.equal(lost.length, 4, lost.join("\n"))
  assert.match(
    lost.join("\n"),
    /vsw-b1 stands as the tag berth.dev\/converted-from=vsw-b1, to be put/,
  )
  assert.match(lost.join("\n"), /sg-1 is left out; or name its counterpart with --map sg-1=ID/)
  assert.match(lost.join("\n"), /PodNetworking\/named: it selects no pods/)
  const never = { ...spec, allocationType: { type: "Fixed", releaseStrategy: "Never" } }
  const [forever] = fromTerway([object("PodNetworking", "x", never)], new Map()).objects
  assert.equal(forever?.spec.sticky, undefined)
  for (const pool of made.objects) assert.deepEqual(shapeFindings(pool), [])
})

test("a SpiderIPPool becomes a pool of pods, or of nodes where it selects none", () => {
  const pools = [
    object("SpiderIPPool", "fin", {
      subnet: "10.6.0.0/16",
      excludeIPs: ["10.6.10.20", "10.6.10.30-10.6.10.39"],
      ips: ["10.6.10.10-10.6.10.250"],
      namespaceAffinity: { matchLabels: { team: "fin" } },
      nodeAffinity: { matchLabels: { "topology.kubernetes.io/zone": "az1" } },
    }),
    object("SpiderIPPool", "nodes", {
      subnet: "10.7.0.0/16",
      nodeAffinity: { matchLabels: { a: "b" } },
    }),
    object("SpiderIPPool", "hosts", { subnet: "10.8.0.0/16", nodeName: ["n1", "n2"] }),
    object("SpiderIPPool", "six", { subnet: "fd00::/64", ipVersion: 6 }),
  ]
  const made = fromSpiderpool(pools)
  assert.deepEqual(specs(made), [
    {
      namespaceSelector: { matchLabels: { team: "fin" } },
      subnets: [{ cidr: "10.6.0.0/16", reserve: 11 }],
    },
    { nodeSelector: { matchLabels: { a: "b" } }, subnets: [{ cidr: "10.7.0.0/16" }] },
    {
      nodeSelector: {
        matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["n1", "n2"] }],
      },
      subnets: [{ cidr: "10.8.0.0/16" }],
    },
  ])
  for (const pool of made.objects) assert.deepEqual(shapeFindings(pool), [])
})

const pool = subnetPool("web", {
  nodeSelector: {},
  subnets: [{ tags: { role: "pods" } }],
  securityGroups: [{ name: "database" }],
})
const forPods = subnetPool("pods", { podSelector: {}, subnets: [{ cidr: "100.64.0.0/16" }] })

test("exports: what a stock plugin cannot do is said to be lost", () => {
  const configs = toENIConfigs([pool, forPods], facts)
  assert.deepEqual(
    configs.objects.map((o) => [o.metadata.name, o.spec]),
    [
      ["web-us-west-2a", { subnet: "subnet-pod-a1", securityGroups: ["sg-db"] }],
      ["web-us-west-2b", { subnet: "subnet-pod-b1", securityGroups: ["sg-db"] }],
    ],
  )
  assert.ok(verdicts(configs).includes("lost SubnetPool/pods"))
  assert.ok(verdicts(configs).includes("lost SubnetPool/web in us-west-2a"))

  const tags = toDiscoveryTags([pool], facts, "harbour")
  assert.deepEqual(tags.commands, [
    "aws ec2 create-tags --resources subnet-pod-a1 subnet-pod-a2 subnet-pod-b1 --tags Key=kubernetes.io/role/cni,Value=1 Key=cni.networking.k8s.aws/cluster/harbour,Value=shared",
  ])

  const byBlock = subnetPool("block", { nodeSelector: {}, subnets: [{ cidr: "100.64.2.0/24" }] })
  assert.deepEqual(specs(toAutoMode([pool, byBlock], facts)), [
    {
      podSubnetSelectorTerms: [{ tags: { role: "pods" } }],
      podSecurityGroupSelectorTerms: [{ name: "database" }],
    },
    { podSubnetSelectorTerms: [{ id: "subnet-pod-b1" }] },
  ])
})

test("what is exported as ENIConfigs and imported again selects the same subnets", () => {
  const single = subnetPool("one", { nodeSelector: {}, subnets: [{ id: "subnet-pod-b1" }] })
  const back = fromENIConfigs(toENIConfigs([single], facts).objects, "k")
  assert.deepEqual(
    back.objects.map((p) => p.spec.subnets),
    [[{ id: "subnet-pod-b1" }]],
  )
})
