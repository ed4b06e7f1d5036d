import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { fail } from "../../errors/catalogue.ts"
import type { Instance } from "../../vpc/model.ts"
import { describeKnownInstances } from "./known-instances.ts"

/** EC2 with these instances: one unknown id refuses the call. */
const ec2With = (known: ReadonlySet<string>) => ({
  describeInstances: async ({ ids }: { ids: readonly string[] }) => {
    const unknown = ids.find((id) => !known.has(id))
    if (unknown !== undefined) throw fail("ec2/not-found", { resource: unknown })
    return ids.map((id) => ({ id }) as Instance)
  },
})

test("a few nodes without an instance cost none of the others", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 700 }),
      fc.array(fc.nat(699), { maxLength: 3 }),
      async (count, gone) => {
        const ids = Array.from({ length: count }, (_, i) => `i-${i}`)
        const lost = new Set(gone.map((i) => `i-${i}`))
        const known = new Set(ids.filter((id) => !lost.has(id)))
        fc.pre(known.size > 0)
        const found = await describeKnownInstances(ec2With(known), ids, "us-west-2")
        assert.deepEqual(found.map((i) => i.id).sort(), [...known].sort())
      },
    ),
    { numRuns: 50 },
  )
})

test("not one known instance is the wrong region, and says so", async () => {
  await assert.rejects(describeKnownInstances(ec2With(new Set()), ["i-1", "i-2"], "eu-west-1"), {
    code: "ec2/not-found",
    message: "EC2 does not know any of the 2 nodes in eu-west-1",
  })
})
