import assert from "node:assert/strict"
import { type TestContext, test } from "node:test"
import type { Change, Kernel, NetNamespace } from "../kernel.ts"
import { refusalOf } from "../refusal.ts"
import { addressCases } from "./address-cases.ts"
import { linkCases } from "./link-cases.ts"
import { namespaceCases } from "./namespace-cases.ts"
import { nftCases } from "./nft-cases.ts"
import { routeCases } from "./route-cases.ts"
import { ruleCases } from "./rule-cases.ts"

/** Two namespaces `a` and `b`, joined by nothing. `path` makes paths for more, which are removed in the end. */
export interface Stage {
  readonly kernel: Kernel
  readonly a: NetNamespace
  readonly b: NetNamespace
  path(name: string): string
}

export interface KernelCase {
  readonly name: string
  readonly run: (stage: Stage, test: TestContext) => void | Promise<void>
}

/** What both implementations of the port must do, one test each. */
const cases: readonly KernelCase[] = [
  ...linkCases,
  ...addressCases,
  ...routeCases,
  ...ruleCases,
  ...namespaceCases,
  ...nftCases,
]

/** Registers the table for one implementation. `folder` is where namespaces are bound. */
export function testKernel(name: string, kernel: () => Kernel, folder: string): void {
  for (const [number, { name: says, run }] of cases.entries())
    test(`${name}: ${says}`, async (t) => {
      const made = new Set<string>()
      const path = (of: string) => {
        const full = `${folder}/${number}-${of}`
        made.add(full)
        return full
      }
      const k = kernel()
      using undo = new DisposableStack()
      undo.defer(() => {
        for (const one of made) k.remove(one)
      })
      const a = undo.use(k.create(path("a")))
      const b = undo.use(k.create(path("b")))
      await run({ kernel: k, a, b, path }, t)
    })
}

/** A pair with end `x` in `a` and end `y` in `b`, both up unless asked otherwise. */
export function pair({ a, b }: Stage, options: { readonly up?: boolean } = {}): void {
  const up = options.up ?? true
  a.apply([{ do: "addVeth", name: "x", mtu: 1500, up, peer: { name: "y", in: b } }])
  b.apply([{ do: "setLink", name: "y", up }])
}

/** Asserts that `changes` are refused with `errno`. */
export function refuses(namespace: NetNamespace, errno: string, changes: readonly Change[]): void {
  assert.throws(
    () => namespace.apply(changes),
    (error) => {
      assert.equal(refusalOf(error), errno, String(error))
      return true
    },
  )
}
