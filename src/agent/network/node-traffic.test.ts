import assert from "node:assert/strict"
import { test } from "node:test"
import { memoryKernel } from "../../kernel/memory/memory-kernel.ts"
import { NodeTraffic } from "./node-traffic.ts"
import { policy } from "./testing/vpc-topology.ts"

const unchanged = { rules: [], nft: "unchanged", tookOver: false }

test("W26: the rule set is put once, and again only when something else changed it", async () => {
  const kernel = memoryKernel()
  const traffic = new NodeTraffic(kernel)
  assert.equal((await traffic.keep(policy)).nft, "replaced")
  assert.deepEqual(await traffic.keep(policy), unchanged)
  for (const damage of ["flush table ip berth", "delete table ip berth"]) {
    await kernel.host.nft(damage)
    assert.equal((await traffic.keep(policy)).nft, "restored", damage)
    assert.deepEqual(await traffic.keep(policy), unchanged)
  }
})

test("a changed policy replaces table and rules, and takes the old rules away", async () => {
  const kernel = memoryKernel()
  const traffic = new NodeTraffic(kernel)
  await traffic.keep({ ...policy, externalServiceCIDRs: ["10.9.0.0/16"], connmark: 0x100 })
  await traffic.keep(policy)
  const priorities = () => kernel.host.rules().map((rule) => rule.priority)
  assert.deepEqual(priorities(), [0, 1024, 32766, 32767])
  await traffic.keep({ ...policy, externalSNAT: true, nodePort: false })
  assert.deepEqual(priorities(), [0, 32766, 32767])
  assert.equal(await kernel.host.nftTable("ip", "berth"), undefined)
})

test("calls at the same time are carried out one after another, the last one counts", async () => {
  const kernel = memoryKernel()
  const traffic = new NodeTraffic(kernel)
  await Promise.all([1, 2, 4, 8].map((connmark) => traffic.keep({ ...policy, connmark })))
  assert.match(JSON.stringify(await kernel.host.nftTable("ip", "berth")), /ct mark or 0x8\b/)
  assert.deepEqual(kernel.host.rules()[1]?.mark, { value: 8, mask: 8 })
  assert.equal(kernel.host.rules().length, 4)
})

test("a failed call is no obstacle to the next", async () => {
  let broken = true
  const kernel = memoryKernel({ refuse: () => (broken ? "ENOMEM" : undefined) })
  const traffic = new NodeTraffic(kernel)
  await assert.rejects(traffic.keep(policy), /ENOMEM/)
  broken = false
  assert.equal((await traffic.keep(policy)).nft, "replaced")
})
