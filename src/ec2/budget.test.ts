import assert from "node:assert/strict"
import { test } from "node:test"
import { fail, isError } from "../errors/catalogue.ts"
import { type VirtualClock, virtualClock } from "../testing/virtual-clock.ts"
import { type BudgetCall, type BudgetOptions, createBudget, type TryEvent } from "./budget.ts"
import { budgetedEc2 } from "./budgeted-ec2.ts"
import { createCloud } from "./memory/cloud.ts"
import { createInterface } from "./memory/interfaces.ts"
import { memoryEc2 } from "./memory/memory-ec2.ts"
import { createSubnet } from "./memory/subnets.ts"
import { createVpc } from "./memory/vpcs.ts"

function budgetAt(clock: VirtualClock, over: Partial<BudgetOptions> = {}) {
  return createBudget({ clock, random: () => 0, share: 1, ...over })
}

/** One token, one more every second. */
const narrow = { limits: { Act: { size: 1, refillPerSecond: 1 } } }
const call = (over: Partial<BudgetCall> = {}): BudgetCall => ({
  action: "Act",
  repeatable: true,
  ...over,
})

function limitedCloud(clock: VirtualClock) {
  const cloud = createCloud({ clock, random: () => 0.5, region: "us-west-2", limits: true })
  const vpc = createVpc(cloud.core, { cidr: "10.0.0.0/16" })
  const subnet = createSubnet(cloud.core, { vpcId: vpc.id, cidr: "10.0.0.0/18" })
  const request = (token: number) => ({
    subnetId: subnet.id,
    securityGroups: [],
    description: "",
    tags: {},
    clientToken: String(token),
  })
  return { cloud, subnet, request }
}

test("W21: a burst of 500 creates is never throttled, and takes the time the limits leave", async () => {
  const clock = virtualClock()
  const { cloud, request } = limitedCloud(clock)
  const budget = createBudget({ clock, random: () => 0 })
  const ec2 = budgetedEc2(memoryEc2(cloud), budget)
  let created = 0
  const all = Array.from({ length: 500 }, (_, i) =>
    ec2.createNetworkInterface(request(i), { priority: "allocate" }).then(() => created++),
  )
  const start = clock.now()
  await clock.until(() => created === 500)
  await Promise.all(all)
  assert.equal(budget.state().throttled, 0)
  assert.equal(cloud.calls.get("CreateNetworkInterface"), 500)
  // 80 % of 100 tokens and of 5 per second.
  assert.equal(Math.round((clock.now() - start) / 1000), (500 - 80) / 4)
})

test("W21: where others use the account too, calls slow down until all have succeeded", async () => {
  const clock = virtualClock()
  const { cloud, request } = limitedCloud(clock)
  const tries: TryEvent[] = []
  const budget = createBudget({ clock, random: () => 0.5, share: 3, onTry: (e) => tries.push(e) })
  const ec2 = budgetedEc2(memoryEc2(cloud), budget)
  let created = 0
  const all = Array.from({ length: 400 }, (_, i) =>
    ec2.createNetworkInterface(request(i)).then(() => created++),
  )
  await clock.until(() => created === 400)
  await Promise.all(all)
  const { throttled } = budget.state()
  assert.ok(throttled > 0 && throttled < 400, `${throttled} throttled tries for 400 calls`)
  assert.equal(tries.filter((e) => e.outcome === "ok").length, 400)
  assert.equal(tries.filter((e) => e.outcome === "ec2/throttled").length, throttled)
})

test("the most urgent call goes first, in order among equals; a lasting burst starves nobody", async () => {
  const clock = virtualClock()
  const budget = budgetAt(clock, narrow)
  const order: string[] = []
  const ask = (priority: BudgetCall["priority"], name: string) =>
    budget.run(call({ ...(priority && { priority }) }), async () => void order.push(name))
  const asked = [ask("audit", "first come"), ask("audit", "audit"), ask("release", "release")]
  for (const name of ["allocate 1", "allocate 2"]) asked.push(ask("allocate", name))
  asked.push(ask("refill", "refill"))
  await clock.until(() => order.length === 6)
  await Promise.all(asked)
  assert.deepEqual(order, ["first come", "allocate 1", "allocate 2", "refill", "release", "audit"])

  order.length = 0
  const old = ask("audit", "old audit")
  const flood = Array.from({ length: 100 }, (_, i) => ask("allocate", `allocate ${i}`))
  await clock.until(() => order.includes("old audit"))
  assert.ok(order.length > 5 && order.length < 30, `after ${order.length} calls`)
  await clock.until(() => order.length === 101)
  await Promise.all([old, ...flood])
})

test("audits leave half of the bucket to those who allocate", async () => {
  const clock = virtualClock()
  const budget = budgetAt(clock, { limits: { Act: { size: 10, refillPerSecond: 1 } } })
  let audits = 0
  const all = Array.from({ length: 10 }, () =>
    budget.run(call({ priority: "audit" }), async () => audits++),
  )
  await clock.settle()
  assert.equal(audits, 5)
  const start = clock.now()
  for (let i = 0; i < 5; i++) await budget.run(call({ priority: "allocate" }), async () => {})
  assert.equal(clock.now(), start)
  await clock.until(() => audits === 10)
  await Promise.all(all)
})

test("a call without a proper answer is made again only when that does no harm", async () => {
  const clock = virtualClock()
  const budget = budgetAt(clock)
  for (const repeatable of [true, false]) {
    let tries = 0
    const made = budget.run(call({ repeatable }), async () => {
      if (++tries < 3) throw fail("ec2/unavailable", { action: "Act", code: "InternalError" })
      return "done"
    })
    const settled = made.then(
      () => "ok",
      (error: unknown) => (isError(error, "ec2/unavailable") ? "unavailable" : "other"),
    )
    let outcome = ""
    void settled.then((o) => {
      outcome = o
    })
    await clock.until(() => outcome !== "")
    assert.deepEqual([outcome, tries], repeatable ? ["ok", 3] : ["unavailable", 1])
  }
})

test("tries end: the last error is the caller's", async () => {
  const clock = virtualClock()
  const budget = budgetAt(clock, { attemptsMax: 3 })
  let tries = 0
  const made = budget.run(call(), async () => {
    tries++
    throw fail("ec2/throttled", { action: "Act" })
  })
  let failed = false
  void made.catch(() => {
    failed = true
  })
  await clock.until(() => failed)
  await assert.rejects(made, { code: "ec2/throttled" })
  assert.equal(tries, 3)
})

test("a waiting call can be given up, and the queue goes on without it", async () => {
  const clock = virtualClock()
  const budget = budgetAt(clock, narrow)
  const order: number[] = []
  const leaving = new AbortController()
  const ask = (n: number, signal?: AbortSignal) =>
    budget.run(call({ ...(signal && { signal }) }), async () => void order.push(n))
  const first = ask(1)
  const second = ask(2, leaving.signal)
  const third = ask(3)
  leaving.abort(new Error("no longer needed"))
  await assert.rejects(second, /no longer needed/)
  await clock.until(() => order.length === 2)
  await Promise.all([first, third])
  assert.deepEqual(order, [1, 3])
  assert.equal(budget.state().inFlight, 0)
})

test("a full queue turns away the least urgent, never the more urgent newcomer", async () => {
  const clock = virtualClock()
  const budget = budgetAt(clock, { ...narrow, waitingMax: 2 })
  const order: string[] = []
  const ask = (priority: "allocate" | "audit", name: string) =>
    budget.run(call({ priority }), async () => void order.push(name))
  const taken = ask("audit", "taken")
  const kept = ask("audit", "kept")
  const evicted = assert.rejects(ask("audit", "evicted"), { code: "ec2/queue-full" })
  const urgent = ask("allocate", "urgent")
  await evicted
  await assert.rejects(ask("audit", "refused"), { code: "ec2/queue-full" })
  await clock.until(() => order.length === 3)
  await Promise.all([taken, kept, urgent])
  assert.deepEqual(order, ["taken", "urgent", "kept"])
})

test("no more calls are under way at a time than allowed, over all actions", async () => {
  const clock = virtualClock()
  const budget = budgetAt(clock, { concurrencyMax: 3 })
  let now = 0
  let most = 0
  let done = 0
  const all = Array.from({ length: 20 }, (_, i) =>
    budget.run(call({ action: i % 2 ? "DescribeVpcs" : "DescribeSubnets" }), async () => {
      most = Math.max(most, ++now)
      await clock.sleep(100)
      now--
      done++
    }),
  )
  await clock.until(() => done === 20)
  await Promise.all(all)
  assert.equal(most, 3)
})

test("further pages of a describe call are charged", async () => {
  const clock = virtualClock()
  const { cloud, subnet } = limitedCloud(clock)
  for (let i = 0; i < 2_500; i++) createInterface(cloud.core, { subnetId: subnet.id })
  const budget = budgetAt(clock)
  const ec2 = budgetedEc2(memoryEc2(cloud), budget)
  await ec2.describeNetworkInterfaces({ subnetId: subnet.id })
  const [bucket] = budget.state().buckets
  assert.equal(bucket?.action, "DescribeNetworkInterfaces")
  assert.equal(bucket?.tokens, 97)
})
