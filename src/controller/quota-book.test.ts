import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { QuotaModel, steps } from "./testing/quota-model.ts"

const nodes = 2
const rare: readonly string[] = ["newTerm", "restartAgent", "loseAnswer", "endPod", "decide"]
const likely = steps.flatMap((step) => (rare.includes(step) ? [step] : [step, step, step, step]))

test("a namespace never exceeds its quota, and uses all of it in the end, whatever is late, lost or restarted", () => {
  const step = fc.tuple(fc.constantFrom(...likely), fc.nat(nodes - 1), fc.nat(5))
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 }),
      fc.array(step, { minLength: 150, maxLength: 300, size: "max" }),
      (quota, list) => {
        const model = new QuotaModel(nodes, quota)
        for (const [what, node, n] of list) {
          model.step(what, node, n)
          model.check()
        }
        model.settle()
        const held = model.agents.reduce((sum, agent) => sum + agent.held.size, 0)
        const pods = model.agents.reduce((sum, a) => sum + a.held.size + a.waiting.size, 0)
        assert.equal(held, Math.min(quota, pods))
      },
    ),
    { numRuns: 2_000 },
  )
})
