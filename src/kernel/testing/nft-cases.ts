import assert from "node:assert/strict"
import { isError } from "../../errors/catalogue.ts"
import type { KernelCase } from "./kernel-cases.ts"

const script = (port: number) => `
# replaces the whole table at once
table ip berth
delete table ip berth
table ip berth {
  chain input {
    type filter hook input priority 0; policy accept;
    tcp dport ${port} drop
  }
}
`

export const nftCases: readonly KernelCase[] = [
  {
    name: "an nftables table is replaced as a whole, per namespace",
    run: async ({ a, b }) => {
      await a.nft(script(81))
      await a.nft(script(82))
      const text = JSON.stringify(await a.nftTable("ip", "berth"))
      assert.match(text, /\b82\b/)
      assert.doesNotMatch(text, /\b81\b/)
      assert.equal(await b.nftTable("ip", "berth"), undefined)
    },
  },
  {
    name: "a script that is refused changes nothing",
    run: async ({ a }) => {
      await a.nft(script(81))
      for (const wrong of ["delete table ip nosuch", "nonsense", "table ip x { chain y {"])
        await assert.rejects(a.nft(`${script(82)}\n${wrong}\n`), (error) =>
          isError(error, "kernel/nft"),
        )
      assert.match(JSON.stringify(await a.nftTable("ip", "berth")), /\b81\b/)
    },
  },
  {
    name: "a table is emptied, extended and deleted",
    run: async ({ a }) => {
      await a.nft(script(81))
      await a.nft("add rule ip berth input tcp dport 83 drop")
      assert.match(JSON.stringify(await a.nftTable("ip", "berth")), /\b81\b.*\b83\b/s)
      await a.nft("flush table ip berth")
      assert.doesNotMatch(JSON.stringify(await a.nftTable("ip", "berth")), /\b81\b/)
      await a.nft("delete table ip berth")
      assert.equal(await a.nftTable("ip", "berth"), undefined)
    },
  },
]
