import assert from "node:assert/strict"
import { test } from "node:test"
import type { Change, NetNamespace } from "../../kernel/kernel.ts"
import { memoryKernel } from "../../kernel/memory/memory-kernel.ts"
import { findLinkByMac, setUpInterface } from "./interface-setup.ts"
import { unwirePod, wirePod } from "./pod-wiring.ts"
import { branchCases } from "./testing/branch-cases.ts"
import { eni, interfaceCases } from "./testing/interface-cases.ts"
import { leftoverCases } from "./testing/leftover-cases.ts"
import { podCases } from "./testing/pod-cases.ts"
import { attachment, contents, fails, testWiring } from "./testing/wiring-stage.ts"

const cases = [...podCases, ...interfaceCases, ...leftoverCases, ...branchCases]
testWiring("memory", cases, memoryKernel, "/memory")

/** A kernel that refuses the change with this number, once armed. */
function faulty() {
  let failAt = Number.POSITIVE_INFINITY
  let seen = 0
  const refuse = (_: Change) => {
    seen += 1
    return seen === failAt ? "ENOMEM" : undefined
  }
  const kernel = memoryKernel({ refuse })
  const arm = (nth: number) => {
    failAt = seen + nth
  }
  return { kernel, arm, refused: () => seen >= failAt }
}

test("W25: attaching and detaching a pod lists no table, which other changes could interrupt", () => {
  const kernel = memoryKernel()
  const { host } = kernel
  const lists = () => assert.fail("a table is listed")
  const listless: NetNamespace = {
    path: host.path,
    link: (name) => host.link(name),
    apply: (changes) => host.apply(changes),
    links: lists,
    addresses: lists,
    routes: lists,
    rules: lists,
    neighbours: lists,
    supports: (kind) => host.supports(kind),
    sysctl: (key) => host.sysctl(key),
    nft: (script) => host.nft(script),
    nftTable: (family, table) => host.nftTable(family, table),
    removeLinks: (names) => host.removeLinks(names),
    enter: (work) => host.enter(work),
    [Symbol.dispose]: () => {},
  }
  const pod = attachment(kernel.create("/pod").path)
  wirePod({ ...kernel, host: listless }, pod)
  unwirePod({ ...kernel, host: listless }, pod)
})

test("an ENI is the physical link of its MAC, not one on top of it", () => {
  const link = (name: string, kind?: string) => ({
    index: 1,
    name,
    mac: eni.mac,
    mtu: 9001,
    up: true,
    ...(kind && { kind }),
  })
  const found = [link("vlan.eth.1", "vlan"), link("ens6")]
  assert.equal(findLinkByMac({ links: () => found }, eni.mac.toUpperCase())?.name, "ens6")
})

test("W24: whichever step of wiring a pod fails, the host is as before", () => {
  const steps = [...untilNoFault()].length
  assert.ok(steps >= 10, `${steps} steps`)
  function* untilNoFault() {
    for (let nth = 1; ; nth++) {
      const { kernel, arm, refused } = faulty()
      const pod = attachment(kernel.create("/pod").path)
      const before = contents(kernel.host)
      arm(nth)
      if (nth > 50) assert.fail("wiring takes no end of steps")
      try {
        wirePod(kernel, pod)
      } catch {
        assert.deepEqual(contents(kernel.host), before, `step ${nth}`)
        yield nth
        continue
      }
      assert.equal(refused(), false)
      return
    }
  }
})

test("whichever step of setting up an ENI fails, its routes, rules and addresses are as before", () => {
  for (let nth = 1; nth <= 5; nth++) {
    const { kernel, arm } = faulty()
    kernel.plug(eni.mac)
    const before = contents(kernel.host)
    arm(nth)
    fails("kernel/refused", () => setUpInterface(kernel, eni))
    const { links: _, ...after } = contents(kernel.host)
    const { links: __, ...wanted } = before
    assert.deepEqual(after, wanted, `step ${nth}`)
  }
})

test("a repair of an ENI that fails takes nothing away from the pods it serves", () => {
  const { kernel, arm } = faulty()
  kernel.plug(eni.mac)
  setUpInterface(kernel, eni)
  kernel.host.apply([{ do: "removeRoute", route: { to: "0.0.0.0/0", table: 2 } }])
  const before = contents(kernel.host)
  arm(1)
  fails("kernel/refused", () => setUpInterface(kernel, eni))
  assert.deepEqual(contents(kernel.host), before)
})
