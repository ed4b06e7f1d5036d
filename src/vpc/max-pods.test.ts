import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { isError } from "../errors/catalogue.ts"
import { instanceTypes, limitsOf } from "./instance-limits.ts"
import { type MaxPodsQuestion, maxPods } from "./max-pods.ts"

// [allowed, recommended] of: default, custom networking, prefixes, both. Numbers that EKS documents, or that
// max-pods-calculator.sh printed.
const cn = { customNetworking: true }
const pd = { prefixDelegation: true }
const worked: [type: string, ...[allowed: number, recommended: number][]][] = [
  ["t3.nano", [4, 4], [3, 3], [34, 34], [18, 18]],
  ["t3.small", [11, 11], [8, 8], [146, 110], [98, 98]],
  ["t3.medium", [17, 17], [12, 12], [242, 110], [162, 110]],
  ["t3.large", [35, 35], [24, 24], [530, 110], [354, 110]],
  ["m4.xlarge", [58, 58], [44, 44], [58, 58], [44, 44]],
  ["m5.large", [29, 29], [20, 20], [434, 110], [290, 110]],
  ["m5.xlarge", [58, 58], [44, 44], [898, 110], [674, 110]],
  ["c5.4xlarge", [234, 110], [205, 110], [3714, 110], [3250, 110]],
  ["m5.8xlarge", [234, 234], [205, 205], [3714, 250], [3250, 250]],
  ["m5.24xlarge", [737, 250], [688, 250], [11762, 250], [10978, 250]],
  ["m5.metal", [737, 250], [688, 250], [737, 250], [688, 250]],
  ["c6g.medium", [8, 8], [5, 5], [98, 98], [50, 50]],
  ["c6in.32xlarge", [394, 250], [345, 250], [6274, 250], [5490, 250]],
  ["trn1.32xlarge", [247, 247], [198, 198], [3922, 250], [3138, 250]],
  ["p5.48xlarge", [100, 100], [51, 51], [1570, 250], [786, 250]],
  ["hpc6id.32xlarge", [51, 51], [2, 2], [786, 250], [2, 2]],
]

for (const [type, ...expected] of worked) {
  test(`${type} has the documented max pods in every mode`, () => {
    const modes = [{}, cn, pd, { ...cn, ...pd }]
    const answers = modes.map((mode) => maxPods({ type, ...mode }))
    assert.deepEqual(
      answers.map((a) => [a.allowed, a.recommended]),
      expected,
    )
  })
}

test("MAX_ENI caps before the primary ENI is subtracted", () => {
  assert.equal(maxPods({ type: "m5.large", ...cn, maxENI: 2 }).allowed, 11)
  assert.equal(maxPods({ type: "m5.large", maxENI: 100 }).allowed, 29)
  assert.equal(maxPods({ type: "m5.large", ...cn, maxENI: 1 }).allowed, 2)
  const zero = maxPods({ type: "m5.large", maxENI: 0 })
  assert.equal(zero.allowed, 2)
  assert.match(zero.notes.join(), /ignores MAX_ENI=0/)
})

test("prefixes need CNI 1.9, and say so", () => {
  const withVersion = (cniVersion: string) => maxPods({ type: "m5.large", ...pd, cniVersion })
  for (const version of ["1.9", "v1.18.0", "1.9.0-eksbuild.1", "2", "1.10.4"]) {
    assert.equal(withVersion(version).allowed, 434, version)
  }
  for (const version of ["1.8.9", "1.7.5", "v1.0"]) {
    assert.equal(withVersion(version).allowed, 29, version)
    assert.match(withVersion(version).notes.join(), /came with 1\.9/)
  }
  for (const version of ["", "latest", "v", "1.x"]) {
    assert.throws(
      () => withVersion(version),
      (e) => isError(e, "vpc/cni-version-malformed"),
      version,
    )
  }
})

test("trunk and unmanaged ENIs take slots, where the type has a trunk at all", () => {
  assert.equal(maxPods({ type: "m5.large", ...cn, securityGroupsForPods: true }).allowed, 11)
  assert.equal(maxPods({ type: "t3.medium", ...cn, securityGroupsForPods: true }).allowed, 12)
  assert.equal(maxPods({ type: "m5.large", unmanaged: 2 }).allowed, 11)
  const none = maxPods({ type: "c6g.medium", ...cn, securityGroupsForPods: true })
  assert.equal(none.allowed, 2)
  assert.match(none.notes.join(), /no ENI is left/)
})

test("an unknown type is refused with the likely one", () => {
  assert.throws(
    () => maxPods({ type: "m5.larg" }),
    (e) => isError(e, "vpc/instance-type-unknown") && /m5\.large/.test(e.hint),
  )
  assert.throws(
    () => limitsOf("toString"),
    (e) => isError(e, "vpc/instance-type-unknown"),
  )
})

test("every type of the table obeys the formula, whatever is switched on", () => {
  assert.equal(instanceTypes.length, 1420)
  for (const type of instanceTypes) {
    const { maxEnis, ipv4PerEni, hypervisor, isBareMetal, networkCards, defaultNetworkCardIndex } =
      limitsOf(type)
    assert.equal(networkCards[defaultNetworkCardIndex], maxEnis, type)
    for (const customNetworking of [false, true]) {
      for (const prefixDelegation of [false, true]) {
        const { allowed, recommended, cap, podAddresses } = maxPods({
          type,
          customNetworking,
          prefixDelegation,
        })
        const enis = maxEnis - (customNetworking ? 1 : 0)
        const factor = prefixDelegation && hypervisor === "nitro" ? 16 : 1
        assert.equal(allowed, enis * (ipv4PerEni - 1) * factor + 2, type)
        assert.equal(recommended, Math.min(cap, allowed), type)
        const real = prefixDelegation && (hypervisor === "nitro" || isBareMetal) ? 16 : 1
        assert.equal(podAddresses, enis * (ipv4PerEni - 1) * real, type)
      }
    }
  }
})

test("whatever takes an ENI never raises max pods, and prefixes never lower it", () => {
  const question: fc.Arbitrary<MaxPodsQuestion> = fc.record(
    {
      type: fc.constantFrom(...instanceTypes),
      customNetworking: fc.boolean(),
      prefixDelegation: fc.boolean(),
      maxENI: fc.integer({ min: 1, max: 20 }),
      unmanaged: fc.integer({ min: 0, max: 4 }),
      securityGroupsForPods: fc.boolean(),
    },
    { requiredKeys: ["type"] },
  )
  fc.assert(
    fc.property(question, (q) => {
      const { allowed } = maxPods(q)
      const less = [
        { ...q, customNetworking: true },
        { ...q, securityGroupsForPods: true },
        { ...q, unmanaged: (q.unmanaged ?? 0) + 1 },
        { ...q, maxENI: Math.max(1, (q.maxENI ?? 20) - 1) },
      ]
      for (const other of less) assert.ok(maxPods(other).allowed <= allowed)
      assert.ok(maxPods({ ...q, prefixDelegation: true }).allowed >= allowed)
    }),
  )
})
