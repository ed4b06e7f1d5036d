import assert from "node:assert/strict"
import { test } from "node:test"
import { amazonRemoval } from "./amazon-ruleset.ts"

const chain = (name: string) => ({ chain: { family: "ip", table: "nat", name, handle: 1 } })
const rule = (chain: string, handle: number, ...expr: object[]) => ({
  rule: { chain, handle, expr },
})
const jump = (target: string) => ({ jump: { target } })

test("jumps, then chains, then the table of its own are removed in one go", () => {
  const nat = {
    nftables: [
      { metainfo: { version: "1.0.6" } },
      { table: { family: "ip", name: "nat", handle: 1 } },
      ...["POSTROUTING", "AWS-SNAT-CHAIN-0", "KUBE-SERVICES"].map(chain),
      rule("POSTROUTING", 3, { xt: { type: "match" } }, { counter: {} }, jump("AWS-SNAT-CHAIN-0")),
      rule("POSTROUTING", 4, jump("KUBE-POSTROUTING")),
      rule("AWS-SNAT-CHAIN-0", 5, { return: null }),
    ],
  }
  assert.equal(
    amazonRemoval(nat, true),
    `delete rule ip nat POSTROUTING handle 3
flush chain ip nat AWS-SNAT-CHAIN-0
delete chain ip nat AWS-SNAT-CHAIN-0
delete table ip aws-cni
`,
  )
})

test("where there is nothing of it, nothing is done", () => {
  const others = { nftables: [chain("KUBE-SERVICES"), rule("POSTROUTING", 4, jump("AWS-OTHER"))] }
  for (const nat of [undefined, null, {}, "text", { nftables: [] }, others])
    assert.equal(amazonRemoval(nat, false), "")
})
