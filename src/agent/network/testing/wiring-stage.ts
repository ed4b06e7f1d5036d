import assert from "node:assert/strict"
import { test } from "node:test"
import type { Kernel, NetNamespace } from "../../../kernel/kernel.ts"
import type { PodAttachment } from "../pod-plan.ts"

/** A node of its own, and namespaces for pods. */
export interface Stage {
  /** Its host is the node. */
  readonly kernel: Kernel
  /** Path of a fresh namespace. */
  sandbox(name: string): string
  /** Gives the node an ENI with this MAC, under a name that the kernel chooses. */
  attach(mac: string): void
}

export interface WiringCase {
  readonly name: string
  readonly run: (stage: Stage) => void | Promise<void>
}

/** Registers the cases for one kernel; `makes` gives each test a machine, and `folder` is where namespaces are bound. */
export function testWiring(
  name: string,
  cases: readonly WiringCase[],
  makes: () => Kernel,
  folder: string,
  skip?: string,
): void {
  for (const [number, { name: says, run }] of cases.entries())
    test(`${name}: ${says}`, { ...(skip && { skip }) }, async () => {
      const machine = makes()
      using undo = new DisposableStack()
      const create = (of: string) => {
        const path = `${folder}/${number}-${of}`
        undo.defer(() => machine.remove(path))
        return undo.use(machine.create(path))
      }
      const node = create("node")
      const fabric = create("fabric")
      let enis = 0
      await run({
        kernel: { ...machine, host: node },
        sandbox: (of) => create(of).path,
        attach: (mac) => {
          const peer = { name: `ens${5 + enis}`, mac, in: node }
          fabric.apply([{ do: "addVeth", name: `far${enis}`, mtu: 1500, up: true, peer }])
          enis += 1
        },
      })
    })
}

/** A pod's attachment as the agent would state it. */
export const attachment = (netns: string, change: Partial<PodAttachment> = {}): PodAttachment => ({
  namespace: "default",
  pod: "web-0",
  containerId: "c0ffee",
  interfaceName: "eth0",
  netns,
  address: "100.64.1.20",
  table: 2,
  mtu: 9001,
  vethPrefix: "eni",
  ...change,
})

/** All of a namespace but the numbers that the kernel gives out. */
export const contents = (namespace: NetNamespace) => ({
  links: namespace.links().map(({ index: _, ...link }) => link),
  addresses: namespace.addresses(),
  routes: namespace.routes(),
  rules: namespace.rules(),
})

/** Asserts that `work` throws the catalogue's error `code`. */
export function fails(code: string, work: () => unknown): void {
  assert.throws(work, (error) => {
    assert.equal(Reflect.get(error as Error, "code"), code, String(error))
    return true
  })
}
