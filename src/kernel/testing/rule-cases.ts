import assert from "node:assert/strict"
import type { Rule } from "../kernel.ts"
import type { KernelCase } from "./kernel-cases.ts"

const born: readonly Rule[] = [
  { priority: 0, table: 255 },
  { priority: 32766, table: 254 },
  { priority: 32767, table: 253 },
]
const put = (rule: Rule) => ({ do: "putRule", rule }) as const
const remove = (rule: Rule) => ({ do: "removeRule", rule }) as const

export const ruleCases: readonly KernelCase[] = [
  {
    name: "a namespace is born with three rules",
    run: ({ a }) => assert.deepEqual(a.rules(), born),
  },
  {
    name: "rules of every shape are kept by priority",
    run: ({ a }) => {
      const rules: Rule[] = [
        { priority: 512, to: "100.64.1.20/32", table: 254 },
        { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 },
        { priority: 1535, to: "10.0.0.0/8", table: 254 },
        { priority: 1536, from: "100.64.1.20/32", table: 10_101 },
        { priority: 1537, from: "10.0.0.0/8", to: "11.0.0.0/8", incoming: "eth7", table: 3 },
      ]
      a.apply(rules.toReversed().map(put))
      assert.deepEqual(a.rules(), [born[0], ...rules, ...born.slice(1)])
    },
  },
  {
    name: "putting a rule twice leaves one; removing an absent one is fine",
    run: ({ a }) => {
      const rule = { priority: 512, to: "100.64.1.20/32", table: 254 }
      const other = { ...rule, to: "100.64.1.21/32" }
      a.apply([put(rule), put(rule), put(other)])
      assert.equal(a.rules().length, 5)
      a.apply([remove(rule), remove(rule)])
      assert.deepEqual(a.rules()[1], other)
      assert.equal(a.rules().length, 4)
    },
  },
]
