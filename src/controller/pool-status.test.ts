import assert from "node:assert/strict"
import { test } from "node:test"
import type { PlacementStatus } from "../api/nodenetwork.ts"
import { failed, found } from "../placement/read.ts"
import { subnetOf, subnetPool } from "../placement/testing/facts.ts"
import { type PoolInput, poolStatus } from "./pool-status.ts"

const pool = subnetPool("web", {
  nodeSelector: {},
  subnets: [{ id: "subnet-a" }, { id: "subnet-b" }],
})
const subnets = found([subnetOf("subnet-a", "us-west-2a"), subnetOf("subnet-b", "us-west-2b")])

const node = (placement: Partial<PlacementStatus>) => ({
  state: {
    interfaces: [],
    written: {
      binding: { name: "web", source: "SubnetPool" as const, key: "k" },
      placements: [
        {
          ...{ placement: "node", object: "SubnetPool/web", subnets: [], securityGroups: [] },
          ...{ ready: true, ...placement },
        },
      ],
      ...{ interfaces: [], conditions: [] },
    },
  },
  demand: [{ placement: "node", inUse: 3, waiting: 1, cooling: 0 }],
})

const status = (change: Partial<PoolInput> = {}) => {
  const { conditions, ...rest } = poolStatus({
    ...{ pool, subnets, nodes: [node({})], overlaps: [], use: new Map(), now: 0 },
    survey: () => undefined,
    trend: () => undefined,
    freeIn: () => 100,
    promisedIn: () => 0,
    ...change,
  })
  const reasons = conditions.map((c) => `${c.type} ${c.status} ${c.reason}`)
  return { ...rest, reasons, message: conditions.find((c) => c.type === "Ready")?.message ?? "" }
}
const fine = ["SubnetExhausted False None", "Ambiguous False None"]

test("a pool that serves is ready, and tells nodes, pods and what is free", () => {
  const { nodes, pods, free, reasons } = status()
  assert.deepEqual({ nodes, pods, free }, { nodes: 1, pods: 3, free: 200 })
  assert.deepEqual(reasons, ["Ready True Ready", ...fine])
})

test("what stands in the way is the reason of Ready", () => {
  const code = "placement/security-group-invalid"
  const refused = node({ ready: false, code, message: "no such group" })
  assert.equal(status({ nodes: [refused] }).reasons[0], "Ready False SecurityGroupInvalid")
  const short = node({ ready: false, code: "ipam/subnets-full", message: "none left" })
  assert.deepEqual(status({ nodes: [short] }).reasons, [
    "Ready False SubnetExhausted",
    "SubnetExhausted True NoFreeAddress",
    "Ambiguous False None",
  ])
  const full = status({ freeIn: (id) => (id === "subnet-b" ? 0 : 100) })
  assert.equal(full.reasons[0], "Ready False SubnetExhausted")
  assert.match(full.message, /us-west-2b/)
  assert.equal(status({ subnets: failed("timeout") }).reasons[0], "Ready Unknown Unreadable")
  assert.equal(status({ subnets: found([]) }).reasons[0], "Ready False NoSubnet")
})

test("a node that another pool selects as well makes it ambiguous; other pools' nodes do not", () => {
  const overlaps = [{ node: "n1", pools: ["blue", "web"] }]
  const { reasons, message } = status({ overlaps })
  assert.deepEqual(reasons, [
    "Ready False Ambiguous",
    "SubnetExhausted False None",
    "Ambiguous True SeveralPools",
  ])
  assert.match(message, /node n1 also selected by blue/)
  assert.deepEqual(status({ overlaps: [{ node: "n1", pools: ["x", "y"] }] }).reasons.slice(1), fine)
})

test("a pool whose tagged subnets have only their reserve left is exhausted", () => {
  const terms = [{ tags: { role: "pods" }, reserve: 100 }]
  const tagged = found([subnetOf("subnet-a", "us-west-2a", { tags: { role: "pods" } })])
  const reserved = subnetPool("web", { nodeSelector: {}, subnets: terms })
  const { reasons, message } = status({ pool: reserved, subnets: tagged })
  assert.ok(reasons.includes("SubnetExhausted True NoFreeAddress"))
  assert.match(message, /us-west-2a is full/)
})

test("a pool with a quota lists its namespaces, those that wait first, and says who has used it up", () => {
  const limited = subnetPool("web", {
    podSelector: {},
    subnets: [{ id: "subnet-a" }],
    quotaPerNamespace: 3,
  })
  const use = new Map([
    ["small", { addresses: 1, waiting: 0 }],
    ["large", { addresses: 3, waiting: 2 }],
    ["middle", { addresses: 2, waiting: 0 }],
  ])
  const { namespaces, reasons } = status({ pool: limited, use })
  assert.deepEqual(
    namespaces?.map((n) => n.namespace),
    ["large", "middle", "small"],
  )
  assert.ok(reasons.includes("QuotaReached True NamespaceAtQuota"))
  assert.ok(reasons.includes("Ready True Ready"))
})

test("figures of a subnet: what others use, what is promised, the free blocks, and when it is full", () => {
  const map = {
    total: 251,
    free: 120,
    freePrefixes: 6,
    blocks: [],
    largestFree: { base: 0, length: 26 },
  }
  const figures = status({
    survey: (id) => (id === "subnet-a" ? { map: map as never, at: 5_000 } : undefined),
    trend: () => ({ burnRate: 12.34, daysToFull: 0.456 }),
    promisedIn: () => 7,
  })
  const [subnet] = figures.subnets
  assert.equal(figures.daysToFull, 0.5)
  assert.deepEqual(subnet, {
    ...{ id: "subnet-a", zone: "us-west-2a", cidr: "100.64.0.0/24", total: 251, usedByUs: 0 },
    ...{ usedByOthers: 251 - 100 - 7, inFlight: 7, cooling: 0, free: 100, freePrefixes: 6 },
    ...{
      largestBlock: 26,
      observedAt: "1970-01-01T00:00:05.000Z",
      burnRate: 12.3,
      daysToFull: 0.5,
    },
  })
})
