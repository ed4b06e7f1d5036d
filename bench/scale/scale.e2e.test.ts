// What must hold of the bench's figures on any machine: counts, not times.
import assert from "node:assert/strict"
import { test } from "node:test"
import { defaultOfferTimes } from "../../src/ipam/offers.ts"
import { namespaceRights } from "../../src/kernel/rights.ts"
import { measureWorld } from "./measure-world.ts"
import type { Figures } from "./world.ts"

const rights = namespaceRights()
const skip = rights.allowed ? false : rights.why
const measure = (prefixDelegation: boolean) =>
  measureWorld({ prefixDelegation, cooldownSeconds: 1 }, () => {})

test("110 pods at once on a fresh 8x30 node: no ADD fails, few EC2 calls, none to instance metadata; 100 pods again: no call", {
  skip,
}, async () => {
  const figures = await measure(false)
  assertCold(figures)
  assertBurst(figures, 12)
  const { churned } = figures
  // A machine that takes longer than that over it rightly gives back what lies idle.
  if (churned && churned.tookMs < defaultOfferTimes.shrinkDelayMs)
    assert.deepEqual(churned.byAction, {})
  const { groups } = figures
  assert.deepEqual(groups?.byAction["ModifyNetworkInterfaceAttribute"], groups?.interfaces)
})

test("110 pods at once with prefix delegation: no ADD fails, and at most a call or two", {
  skip,
}, async () => {
  const figures = await measure(true)
  assertCold(figures)
  assertBurst(figures, 3)
})

function assertCold({ cold }: Figures) {
  assert.ok(cold.calls <= 4, JSON.stringify(cold.byAction))
  assert.equal(cold.metadataCalls, 0)
}

function assertBurst({ burst }: Figures, mostCalls: number) {
  assert.equal(burst.failedAdds, 0)
  assert.equal(burst.failedSandboxes, 0)
  assert.equal(burst.metadataCalls, 0)
  assert.ok(burst.calls <= mostCalls, JSON.stringify(burst.byAction))
}
