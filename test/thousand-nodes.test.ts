// Goal: a thousand nodes that scale up at once fill six subnets evenly and oversubscribe none, because every choice
// counts what the calls in flight were promised. The same nodes, each taking the subnet that EC2 said had most free,
// run into refusals: the figures of both are printed.
import assert from "node:assert/strict"
import { test } from "node:test"
import type { SubnetStrategy } from "../src/api/subnetpool.ts"
import { systemClock } from "../src/clock.ts"
import { SubnetSupplies } from "../src/controller/subnet-supply.ts"
import type { SubnetOption } from "../src/placement/placement.ts"
import { rankSubnets, type SubnetSupply } from "../src/placement/strategy.ts"

const nodes = 1000
/** One address of the ENI's own and 19 for pods. */
const perNode = 20
/** Six /20: 24,546 addresses, of which 20,000 are wanted. */
const usable = 4091
const ids = ["a", "b", "c", "d", "e", "f"].map((letter) => `subnet-${letter}`)
const arrivalsPerTick = 25
const tickMs = 100
/** DescribeSubnets is asked so often, and shows what was true a while before. */
const describeEveryTicks = 50
const lagTicks = 20
const giveUpTicks = 20_000

interface Outcome {
  /** Calls that EC2 refused for want of addresses. */
  readonly refused: number
  readonly served: number
  /** Largest fill over mean fill. */
  readonly spread: number
  readonly largest: number
}

type Choose = (seen: ReadonlyMap<string, number>, now: number) => Chosen | undefined
interface Chosen {
  readonly subnet: string
  readonly settle: (ok: boolean, now: number) => void
}
interface Policy {
  readonly choose: Choose
  readonly observe: (seen: ReadonlyMap<string, number>, at: number, now: number) => void
}

/** A small generator with a seed (mulberry32), so that a failure can be run again. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** EC2 with six subnets: calls take 0.3 to 3 seconds and fail when the subnet is full by then. */
function scaleUp(policy: Policy, random: () => number): Outcome {
  const free = new Map(ids.map((id) => [id, usable]))
  const past: ReadonlyMap<string, number>[] = []
  const calls: { chosen: Chosen; due: number }[] = []
  let waiting = 0
  let refused = 0
  let served = 0
  let seen: ReadonlyMap<string, number> = new Map(free)
  policy.observe(seen, 0, 0)
  for (let tick = 1; served < nodes; tick++) {
    assert.ok(tick < giveUpTicks, `${served} nodes are served after ${tick} ticks`)
    const now = tick * tickMs
    past.push(new Map(free))
    if (tick % describeEveryTicks === 0) {
      seen = past[Math.max(0, tick - lagTicks)] ?? seen
      policy.observe(seen, now, now)
    }
    for (const call of calls.splice(0)) {
      if (call.due > now) {
        calls.push(call)
        continue
      }
      const left = free.get(call.chosen.subnet) ?? 0
      const ok = left >= perNode
      if (ok) free.set(call.chosen.subnet, left - perNode)
      else waiting++
      if (ok) served++
      else refused++
      call.chosen.settle(ok, now)
    }
    if (tick * arrivalsPerTick <= nodes) waiting += arrivalsPerTick
    for (let n = waiting; n > 0; n--) {
      const chosen = policy.choose(seen, now)
      if (chosen === undefined) break
      waiting--
      calls.push({ chosen, due: now + 300 + Math.floor(random() * 2700) })
    }
  }
  const used = ids.map((id) => usable - (free.get(id) ?? 0))
  const mean = used.reduce((a, b) => a + b) / used.length
  return { refused, served, spread: Math.max(...used) / mean, largest: Math.max(...used) }
}

const options: SubnetOption[] = ids.map((id) => ({
  subnet: {
    ...{ id, vpcId: "vpc-1", zone: "us-west-2a", cidr: "100.64.0.0/20", tags: {} },
    availableAddresses: usable,
  },
  weight: 1,
  reserve: 0,
}))
const need = { kind: "address", count: perNode - 1, newInterface: true } as const

function rank(
  strategy: SubnetStrategy,
  supply: ReadonlyMap<string, SubnetSupply>,
  now: number,
): string | undefined {
  const { ranked } = rankSubnets({ subnets: options, strategy }, supply, need, now)
  return ranked[0]?.option.subnet.id
}

/** As the controller does it: the strategy on its own book of what is promised. */
function withLedger(strategy: SubnetStrategy): Policy {
  const held = new Map(ids.map((id) => [id, 0]))
  let clock = 0
  const supplies = new SubnetSupplies({
    clock: { ...systemClock, now: () => clock },
    random: () => 0.5,
    heldIn: (id) => held.get(id) ?? 0,
  })
  const amount = { addresses: perNode, prefixes: 0 }
  return {
    observe: (seen, at, now) => {
      clock = now
      for (const { subnet } of options) {
        const availableAddresses = seen.get(subnet.id) ?? 0
        supplies.observe({ ...subnet, availableAddresses }, at - lagTicks * tickMs, now)
      }
    },
    choose: (_, now) => {
      clock = now
      const subnet = rank(strategy, supplies.of(ids), now)
      const hold = subnet && supplies.reserve(subnet, amount)
      if (!subnet || !hold) return undefined
      return {
        subnet,
        settle: (ok, at) => {
          clock = at
          if (ok) held.set(subnet, (held.get(subnet) ?? 0) + perNode)
          hold.settle(ok ? { used: amount } : "refused")
        },
      }
    },
  }
}

/** The same strategy on what EC2 said last. */
const withoutLedger = (): Policy => ({
  observe: () => {},
  choose: (seen, now) => {
    const supply = [...seen].map(([id, free]) => [id, { free }] as const)
    const subnet = rank("MostFree", new Map(supply), now)
    return subnet === undefined ? undefined : { subnet, settle: () => {} }
  },
})

test("1,000 nodes at once: no subnet is oversubscribed, and all are filled alike", (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const ours = scaleUp(withLedger("MostFree"), seeded(seed))
    const naive = scaleUp(withoutLedger(), seeded(seed))
    const say = (name: string, o: Outcome) =>
      `${name}: ${o.refused} calls refused, largest fill ${o.largest} of ${usable}, over mean ${o.spread.toFixed(3)}`
    t.diagnostic(`seed ${seed}; ${say("ledger", ours)}; ${say("most free, no ledger", naive)}`)
    assert.equal(ours.served, nodes)
    assert.equal(ours.refused, 0)
    assert.ok(ours.spread <= 1.05, `seed ${seed}: ${ours.spread}`)
    assert.ok(naive.refused > 0, "without a ledger the herd is refused")
    assert.ok(naive.spread > ours.spread)
  }
})

test("1,000 nodes at once: every strategy counts the promises in flight, and oversubscribes no subnet", () => {
  const others: SubnetStrategy[] = ["MostFreePrefixes", "Ordered", "Weighted"]
  for (const strategy of others) {
    const { served, refused, spread } = scaleUp(withLedger(strategy), seeded(1))
    assert.deepEqual([served, refused], [nodes, 0], strategy)
    // One subnet after the other; the rest fill them alike, since all weights are the same.
    if (strategy !== "Ordered") assert.ok(spread <= 1.05, `${strategy}: ${spread}`)
  }
})
