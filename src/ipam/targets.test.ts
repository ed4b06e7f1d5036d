// The documented results of the warm targets: docs/eni-and-ip-target.md and docs/prefix-and-ip-target.md of
// amazon-vpc-cni-k8s. The node plans until nothing is left to do, with its pods placed as it goes.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { WarmTargets } from "../api/nodenetwork.ts"
import { planNode } from "./plan.ts"
import { goalOf, prefixSize, type Stock, surplus, unmetBy, warmShort } from "./targets.ts"
import {
  addresses,
  demand,
  iface,
  placementOf,
  planInput,
  primary,
  resolved,
} from "./testing/objects.ts"

interface Scale {
  readonly interfaces: number
  readonly addressesPerInterface: number
}
const t3small: Scale = { interfaces: 3, addressesPerInterface: 4 }
const p3dn: Scale = { interfaces: 15, addressesPerInterface: 50 }

/** Runs the plan to its end, with EC2 granting everything, and says what the node then has. */
function settle(
  scale: Scale,
  targets: Partial<WarmTargets>,
  pods: number,
  prefixDelegation = false,
) {
  // Without custom networking the primary ENI serves pods, as in the documented tables.
  const mode = { customNetworking: false, prefixDelegation }
  let interfaces = [{ ...primary, subnetID: "subnet-a" }]
  for (let round = 0; round < 20; round++) {
    const total = interfaces.reduce(
      (n, i) => n + i.addresses.length + i.prefixes.length * prefixSize,
      0,
    )
    const inUse = Math.min(pods, total)
    const spec = {
      targets: { maxPods: 1000, ...targets },
      demand: [demand({ inUse, waiting: pods - inUse })],
    }
    const limits = { ...scale, prefixes: true, defaultNetworkCard: 0 }
    const resolutions = new Map([["node", resolved(placementOf("node", ["subnet-a"]))]])
    const { actions } = planNode(planInput({ mode, spec, limits, interfaces, resolutions }))
    if (actions.length === 0) {
      const prefixes = interfaces.reduce((n, i) => n + i.prefixes.length, 0)
      const used = interfaces.filter((i) => i.addresses.length + i.prefixes.length > 0).length
      return { enis: used, ips: total, prefixes }
    }
    for (const action of actions) {
      if (action.do !== "create" && action.do !== "assign") continue
      const id = action.do === "create" ? `eni-${action.deviceIndex}` : action.interfaceID
      const own = interfaces.find((i) => i.id === id) ?? iface(id)
      const more = {
        ...own,
        addresses: [...own.addresses, ...addresses(action.addresses)],
        prefixes: [...own.prefixes, ...addresses(action.prefixes)],
      }
      interfaces = [...interfaces.filter((i) => i.id !== id), more]
    }
  }
  assert.fail("the plan does not come to rest")
}

const enis = (
  scale: Scale,
  targets: Partial<WarmTargets>,
  rows: [pods: number, enis: number, ips: number][],
) => {
  for (const [pods, wantENIs, wantIPs] of rows) {
    const { enis: gotENIs, ips } = settle(scale, targets, pods)
    assert.deepEqual([gotENIs, ips], [wantENIs, wantIPs], `${pods} pods`)
  }
}

test("t3.small, WARM_ENI_TARGET=1", () => {
  enis(t3small, { warmENI: 1 }, [
    [0, 1, 3],
    [5, 3, 9],
    [9, 3, 9],
  ])
})

test("t3.small, WARM_IP_TARGET=1 MINIMUM_IP_TARGET=1", () => {
  enis(t3small, { warmIP: 1, minimumIP: 1 }, [
    [0, 1, 1],
    [5, 2, 6],
    [9, 3, 9],
  ])
})

test("t3.small, WARM_IP_TARGET=2 MINIMUM_IP_TARGET=5", () => {
  enis(t3small, { warmIP: 2, minimumIP: 5 }, [
    [0, 2, 5],
    [5, 3, 7],
    [9, 3, 9],
  ])
})

test("p3dn.24xlarge, WARM_IP_TARGET=5 MINIMUM_IP_TARGET=10", () => {
  enis(p3dn, { warmIP: 5, minimumIP: 10 }, [
    [0, 1, 10],
    [7, 1, 12],
    [15, 1, 20],
    [45, 2, 50],
  ])
})

test("t3.small with prefixes, WARM_PREFIX_TARGET=1", () => {
  for (const [pods, prefixes] of [
    [0, 1],
    [5, 2],
    [16, 2],
    [17, 3],
  ] as const) {
    assert.equal(settle(t3small, { warmPrefix: 1 }, pods, true).prefixes, prefixes, `${pods} pods`)
  }
})

test("t3.small with prefixes, WARM_IP_TARGET=1 MINIMUM_IP_TARGET=1", () => {
  for (const [pods, prefixes] of [
    [0, 1],
    [5, 1],
    [17, 2],
  ] as const) {
    const targets = { warmIP: 1, minimumIP: 1 }
    assert.equal(settle(t3small, targets, pods, true).prefixes, prefixes, `${pods} pods`)
  }
})

test("a target of zero still keeps one address free", () => {
  enis(t3small, { warmENI: 0 }, [
    [0, 1, 3],
    [2, 1, 3],
    [3, 2, 6],
  ])
  assert.equal(settle(t3small, { warmPrefix: 0 }, 0, true).prefixes, 1)
  assert.equal(settle(t3small, { warmPrefix: 0 }, 15, true).prefixes, 1)
  assert.equal(settle(t3small, { warmPrefix: 0 }, 16, true).prefixes, 2)
})

test("address targets overrule the others, unless both are zero; a missing or negative WARM_ENI_TARGET is one", () => {
  assert.deepEqual(goalOf("node", { warmENI: 3, warmPrefix: 2, warmIP: 4, maxPods: 9 }, true), {
    unit: "address",
    warm: 4,
    minimum: 0,
  })
  assert.deepEqual(goalOf("node", { warmIP: 0, minimumIP: 0, warmPrefix: 2, maxPods: 9 }, true), {
    unit: "prefix",
    warm: 2,
  })
  for (const warmENI of [undefined, -1]) {
    const targets = { maxPods: 9, ...(warmENI !== undefined && { warmENI }) }
    assert.deepEqual(goalOf("node", targets, false), { unit: "interface", warm: 1 })
  }
  assert.deepEqual(goalOf("pool:p", { warmENI: 5, maxPods: 9 }, false), {
    unit: "address",
    warm: 0,
    minimum: 0,
  })
})

const targets: fc.Arbitrary<WarmTargets> = fc
  .record(
    {
      warmENI: fc.integer({ min: -1, max: 3 }),
      warmIP: fc.integer({ min: -1, max: 40 }),
      minimumIP: fc.integer({ min: -1, max: 60 }),
      warmPrefix: fc.integer({ min: -1, max: 4 }),
    },
    { requiredKeys: [] },
  )
  .map((t) => ({ ...t, maxPods: 10_000 }))

const stock: fc.Arbitrary<Stock> = fc
  .record({ held: fc.nat(100), cooling: fc.nat(50), free: fc.nat(100), waiting: fc.nat(50) })
  .map(({ held, cooling, free, waiting }) => ({
    total: held + cooling + free,
    held,
    cooling,
    waiting,
    perInterface: 14,
  }))

test("with nothing cooling, short and over are the original's formulas", () => {
  fc.assert(
    fc.property(targets, stock, fc.boolean(), (t, s, prefixes) => {
      const still = { ...s, total: s.total - s.cooling, cooling: 0, waiting: 0 }
      const goal = goalOf("node", t, prefixes)
      // The names of the formulas: total, assigned, free; warm and minimum targets.
      const { total: T, held: A } = still
      const F = T - A
      if (goal.unit === "address") {
        const { warm: W, minimum: M } = goal
        assert.equal(warmShort(goal, still, 10_000), Math.max(W - F, M - T, 0))
        assert.equal(surplus(goal, still), Math.max(Math.min(Math.max(F - W, 0), T - M), 0))
      } else {
        const unit = goal.unit === "prefix" ? 16 : still.perInterface
        const tooLow = F < unit * goal.warm || (goal.warm === 0 && F === 0)
        assert.equal(warmShort(goal, still, 10_000) > 0, tooLow)
      }
    }),
  )
})

test("what is missing and what is too much never come together, and giving up the surplus leaves nothing missing", () => {
  fc.assert(
    fc.property(targets, stock, fc.boolean(), (t, s, prefixes) => {
      const goal = goalOf("node", t, prefixes)
      const over = surplus(goal, s)
      const short = Math.max(warmShort(goal, s, 10_000), unmetBy(s))
      assert.ok(over === 0 || short === 0)
      const shrunk = { ...s, total: s.total - over }
      if (over > 0) assert.equal(Math.max(warmShort(goal, shrunk, 10_000), unmetBy(shrunk)), 0)
      const grown = { ...s, total: s.total + short }
      assert.equal(Math.max(warmShort(goal, grown, 10_000), unmetBy(grown)), 0)
    }),
  )
})

test("cooling addresses are no help to waiting pods, and no reason to buy warm ones", () => {
  const s: Stock = { total: 30, held: 0, cooling: 30, waiting: 5, perInterface: 14 }
  assert.equal(unmetBy(s), 5)
  assert.equal(warmShort({ unit: "address", warm: 20, minimum: 0 }, s, 110), 0)
  assert.equal(surplus({ unit: "address", warm: 0, minimum: 0 }, s), 0)
})
