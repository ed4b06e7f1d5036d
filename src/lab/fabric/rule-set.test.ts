// Goal: whatever was in force, applying the changes leaves exactly what was wanted, in an order that nft accepts.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { emptyRuleSet, type RuleSet, ruleSetChanges } from "./rule-set.ts"
import { anyVpc } from "./testing/any-vpc.ts"
import { applyScript, contentOf } from "./testing/nft-model.ts"
import { group, sampleVpc, withInterface } from "./testing/sample-vpc.ts"
import { fabricTable, vpcRules } from "./vpc-rules.ts"
import type { VpcView } from "./vpc-view.ts"

const rulesOf = (v: VpcView) =>
  vpcRules(v, (id) => 1000 + sampleVpc.subnets.findIndex((s) => s.id === id))

test("changes applied to what was there give what is wanted", () => {
  fc.assert(
    fc.property(fc.array(anyVpc, { minLength: 1, maxLength: 4 }), (views) => {
      let table: RuleSet = emptyRuleSet
      let before: RuleSet = emptyRuleSet
      for (const next of [...views.map(rulesOf), emptyRuleSet]) {
        table = applyScript(table, ruleSetChanges(fabricTable, before, next))
        assert.deepEqual(contentOf(table), contentOf(next))
        before = next
      }
    }),
    { numRuns: 200 },
  )
})

test("equal rule sets need no transaction, and an address that is handed out changes nothing", () => {
  const before = rulesOf(sampleVpc)
  assert.equal(ruleSetChanges(fabricTable, before, rulesOf(sampleVpc)), "")
  const more = withInterface(sampleVpc, "a-1", { addresses: ["100.64.0.50", "100.64.0.51"] })
  assert.equal(ruleSetChanges(fabricTable, before, rulesOf(more)), "")
})

test("an interface that joins a group is one element, and its own chains", () => {
  const two = { ...sampleVpc, groups: [...sampleVpc.groups, group("sg-b")] }
  const joined = withInterface(two, "a-1", { groups: ["sg-open", "sg-b"] })
  const script = ruleSetChanges(fabricTable, rulesOf(two), rulesOf(joined))
  const touched = script.match(/(?:element|chain) ip fabric \S+/g)
  assert.deepEqual(
    new Set(touched),
    new Set([
      "chain ip fabric in/eni-a-1",
      "chain ip fabric out/eni-a-1",
      "element ip fabric members/sg-b",
    ]),
  )
})
