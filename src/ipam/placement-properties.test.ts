// Goal: what placement promises, on any cluster: no address from a subnet that the trace does not name, the same answer
// whatever the order in which things are listed, and no running pod moved by a pool that is added.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { NodeInterface } from "../api/nodenetwork.ts"
import type { SubnetPool, SubnetStrategy } from "../api/subnetpool.ts"
import { podPlacement } from "../placement/pod-placement.ts"
import { absent, found } from "../placement/read.ts"
import { type Resolution, resolvePlacement } from "../placement/resolve.ts"
import type { SubnetSupply } from "../placement/strategy.ts"
import { customNetworking, nodeA, sourcesWith, subnetPool } from "../placement/testing/facts.ts"
import type { Subnet } from "../vpc/model.ts"
import { decideOffers } from "./offers.ts"
import { planNode } from "./plan.ts"
import { Pool } from "./pool.ts"
import { demand, iface, planInput, primary } from "./testing/objects.ts"

const names = ["a", "b", "c", "d", "e", "f"]
const zones = ["us-west-2a", "us-west-2b"]
const colours = ["red", "blue"]

const subnets = fc.array(
  fc.record({
    zone: fc.constantFrom(...zones),
    vpcId: fc.constantFrom("vpc-1", "vpc-1", "vpc-1", "vpc-2"),
    colour: fc.constantFrom(...colours),
    free: fc.nat(40),
  }),
  { minLength: 1, maxLength: names.length },
)
const term = fc.oneof(
  fc.record({ id: fc.constantFrom(...names).map((name) => `subnet-${name}`) }),
  fc.record({ tags: fc.constantFrom(...colours).map((colour) => ({ colour })) }),
  fc.record({ cidr: fc.constantFrom("100.64.0.0/22", "100.64.2.0/24", "10.0.0.0/8") }),
)
const strategies: SubnetStrategy[] = ["MostFree", "MostFreePrefixes", "Ordered", "Weighted"]
const pool = fc.record({
  terms: fc.array(term, { minLength: 1, maxLength: 3 }),
  strategy: fc.constantFrom(...strategies),
  priority: fc.nat(2),
  serves: fc.constantFrom("nodes", "pods", "others"),
})
const cluster = fc.record({
  subnets,
  pools: fc.array(pool, { maxLength: 4 }),
  waiting: fc.nat(20),
  prefixDelegation: fc.boolean(),
})
type Cluster = typeof cluster extends fc.Arbitrary<infer T> ? T : never

const subnetsOf = (c: Cluster): Subnet[] =>
  c.subnets.map(({ zone, vpcId, colour, free }, i) => ({
    ...{ id: `subnet-${names[i]}`, zone, vpcId, cidr: `100.64.${i}.0/24` },
    ...{ availableAddresses: free, tags: { colour } },
  }))

const selectors = {
  nodes: { nodeSelector: {} },
  pods: { podSelector: { matchLabels: { app: "web" } } },
  others: { podSelector: { matchLabels: { app: "other" } } },
}
const poolsOf = (c: Cluster): SubnetPool[] =>
  c.pools.map(({ terms, strategy, priority, serves }, i) =>
    subnetPool(`pool-${i}`, { subnets: terms, strategy, priority, ...selectors[serves] }),
  )

const supplyOf = (c: Cluster): Map<string, SubnetSupply> =>
  new Map(subnetsOf(c).map((s) => [s.id, { free: s.availableAddresses }]))

const webPod = {
  ...{ name: "web-0", namespace: "shop", labels: { app: "web" }, serviceAccount: "default" },
  ...{ namespaceLabels: found({}), serviceAccountLabels: found({}) },
}

/** The placement of the pod `web-0` on a node, and the node's own, with the lists in the order that `arrange` gives. */
function decide(c: Cluster, arrange: <T>(list: T[]) => T[] = (list) => list) {
  const pools = found(arrange(poolsOf(c)))
  const sources = sourcesWith(
    {},
    { pools, subnets: found(arrange(subnetsOf(c))), eniConfig: () => absent },
  )
  const chosen = podPlacement(webPod, pools, found([]))
  const keys = new Set(["node", ...(chosen.ok ? [chosen.key] : [])])
  const resolutions = new Map<string, Resolution>(
    [...keys].map((key) => [key, resolvePlacement(key, nodeA, customNetworking, sources)]),
  )
  const demands = [...keys].map((placement) => demand({ placement, waiting: c.waiting }))
  return { chosen, resolutions, demands, supply: supplyOf(c) }
}

function plan(c: Cluster, interfaces: NodeInterface[] = [primary], order?: <T>(list: T[]) => T[]) {
  const { resolutions, demands, supply } = decide(c, order)
  const mode = { prefixDelegation: c.prefixDelegation }
  const input = planInput({ mode, spec: { demand: demands }, resolutions, supply, interfaces })
  return { ...planNode(input), resolutions }
}

test("an address never comes from a subnet that the trace does not name as chosen", () => {
  let made = 0
  fc.assert(
    fc.property(cluster, (c) => {
      const { actions, resolutions } = plan(c)
      for (const action of actions) {
        if (action.do !== "create" && action.do !== "assign") continue
        made++
        const named = (resolutions.get(action.placement)?.trace ?? [])
          .filter((step) => step.verdict === "chosen")
          .map((step) => step.subject)
        assert.ok(named.includes(action.subnetID), `${action.subnetID} of ${named}`)
        const subnet = subnetsOf(c).find((s) => s.id === action.subnetID)
        assert.deepEqual([subnet?.zone, subnet?.vpcId], [nodeA.zone, nodeA.vpcId])
        assert.ok(action.addresses + action.prefixes * 16 < (subnet?.availableAddresses ?? 0))
      }
    }),
    { numRuns: 2_000 },
  )
  assert.ok(made > 100, `only ${made} calls were looked at`)
})

test("the same cluster gives the same answer, in whatever order its objects are listed", () => {
  const backwards = <T>(list: T[]) => list.toReversed()
  fc.assert(
    fc.property(cluster, (c) => {
      const [one, other] = [plan(c), plan(c, [primary], backwards)]
      assert.deepEqual(one.actions, other.actions)
      assert.deepEqual(
        one.shortages.map((s) => s.error.message),
        other.shortages.map((s) => s.error.message),
      )
      assert.equal(decide(c).chosen.ok, decide(c, backwards).chosen.ok)
    }),
    { numRuns: 1_000 },
  )
})

test("a pool that is added moves no running pod: its interface drains at most, and keeps its addresses", () => {
  const config = { customNetworking: true, prefixDelegation: false, cooldownMs: 30_000 }
  const minute = 60_000
  fc.assert(
    fc.property(cluster, pool, fc.integer({ min: 1, max: 6 }), (c, added, pods) => {
      const [first] = subnetsOf(c)
      const addresses = Array.from({ length: 8 }, (_, i) => `100.64.0.${10 + i}`)
      const live = iface("eni-1", {
        subnetID: first?.id ?? "",
        addresses,
        object: "SubnetPool/pool-0",
      })
      const node = new Pool(config)
      node.adopt([primary, live], 0)
      node.setOpen("eni-1", true)
      for (let i = 0; i < pods; i++) {
        const key = { network: "aws-cni", containerID: `c${i}`, ifName: "eth0" }
        node.assign({ key, pod: { namespace: "shop", name: `web-${i}` }, placement: "node" }, 0)
      }
      const before = [...node.held()]
      const { actions } = plan({ ...c, pools: [...c.pools, added] }, [primary, live])
      for (const action of actions)
        assert.ok(!["release", "unassign"].includes(action.do), `${action.do} nobody offered`)
      const mark = actions.find((a) => a.do === "mark" && a.interfaceID === "eni-1")
      const state = mark?.do === "mark" ? mark.state : live.state
      assert.deepEqual(node.adopt([primary, { ...live, state }], 1).lost, [])
      const decided = (now: number, memory = new Map()) =>
        decideOffers({
          ...{
            pool: node,
            targets: { maxPods: 110 },
            waiting: new Map([["pool:x", 9]]),
            memory,
            now,
          },
          limits: { interfaces: 2, addressesPerInterface: 15, prefixes: false },
          noSlot: new Set(["pool:x"]),
          times: { shrinkDelayMs: minute, minInterfaceAgeMs: minute },
        })
      const { offers } = decided(3 * minute, new Map(decided(minute).memory))
      const held = new Set(before.map((h) => h.address))
      assert.ok(offers.every((o) => o.address !== undefined && !held.has(o.address)))
      node.offer(offers, 3 * minute)
      assert.deepEqual([...node.held()], before)
    }),
    { numRuns: 500 },
  )
})
