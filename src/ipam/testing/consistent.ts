import assert from "node:assert/strict"
import { formatAddress } from "../../vpc/cidr.ts"
import { addressesOf, freeOf } from "../address-space.ts"
import type { Pool } from "../pool.ts"

/** Recounts a pool from its records: every counter must agree, and no address may be in two states. */
export function assertConsistent(pool: Pool): void {
  const held = [...pool.held()]
  const heldAddresses = new Set(held.map((h) => h.address))
  const cooling = new Set([...pool.cooling()].map((c) => c.address))
  assert.equal(heldAddresses.size, held.length, "an address has two holders")
  assert.equal(cooling.intersection(heldAddresses).size, 0, "a held address cools down")

  const offers = new Set(
    pool.offers().map((o) => `${o.interfaceID} ${o.address ?? o.prefix ?? ""}`),
  )
  for (const iface of pool.interfaces()) {
    const sum = { held: 0, cooling: 0, free: 0 }
    const freeSingles: number[] = []
    for (const block of iface.blocks.values()) {
      const list = [...addressesOf(block)].map(formatAddress)
      assert.equal(block.held, list.filter((a) => heldAddresses.has(a)).length)
      assert.equal(block.cooling, list.filter((a) => cooling.has(a)).length)
      if (block.offered) assert.equal(block.held + block.cooling, 0, "something in use is offered")
      const text = block.size === 16 ? `${list[0]}/28` : list[0]
      assert.equal(block.offered, offers.has(`${iface.id} ${text}`))
      sum.held += block.held
      sum.cooling += block.cooling
      sum.free += freeOf(block)
      if (block.size === 1 && freeOf(block) === 1) freeSingles.push(block.base)
    }
    const { held: h, cooling: c, free } = iface
    assert.deepEqual({ held: h, cooling: c, free }, sum)
    assert.deepEqual([...iface.freeSingles].sort(), freeSingles.sort())
    assert.equal(iface.offered, offers.has(`${iface.id} `))
    if (iface.offered) assert.equal(iface.held + iface.cooling, 0, "an interface in use is offered")
  }
}
