import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { instanceTypes, limitsOf } from "../../vpc/instance-limits.ts"
import { maxPods } from "../../vpc/max-pods.ts"
import { nodeDemand } from "./node-demand.ts"

const ask = (type: string, pods: number, more: Partial<Parameters<typeof nodeDemand>[0]> = {}) =>
  nodeDemand({
    limits: limitsOf(type),
    pods,
    targets: { maxPods: 250 },
    customNetworking: true,
    prefixDelegation: false,
    ...more,
  })

test("the default keeps a whole spare ENI: m5.large", () => {
  assert.deepEqual(ask("m5.large", 0), { addresses: 9, interfaces: 1, total: 10, unserved: 0 })
  assert.deepEqual(ask("m5.large", 5), { addresses: 18, interfaces: 2, total: 20, unserved: 0 })
  assert.equal(ask("m5.large", 25).unserved, 7)
})

test("prefixes cost sixteen each, with one to spare", () => {
  const prefixes = { prefixDelegation: true, targets: { warmPrefix: 1, maxPods: 110 } }
  assert.deepEqual(ask("m5.large", 17, prefixes), {
    addresses: 48,
    interfaces: 1,
    total: 49,
    unserved: 0,
  })
})

test("address targets take what they say", () => {
  const targets = { warmIP: 2, minimumIP: 12, maxPods: 110 }
  assert.equal(ask("m5.4xlarge", 5, { targets }).addresses, 12)
  assert.equal(ask("m5.4xlarge", 20, { targets }).addresses, 22)
})

test("no type gives more than max-pods counts, and more pods never need less", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...instanceTypes),
      fc.nat(260),
      fc.boolean(),
      (type, pods, prefixDelegation) => {
        const answer = ask(type, pods, { prefixDelegation })
        const { podAddresses } = maxPods({ type, customNetworking: true, prefixDelegation })
        assert.ok(answer.addresses <= podAddresses || podAddresses === 0)
        assert.ok(ask(type, pods + 1, { prefixDelegation }).total >= answer.total)
        assert.equal(answer.unserved, Math.max(0, pods - answer.addresses))
      },
    ),
  )
})
