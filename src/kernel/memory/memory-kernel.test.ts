import assert from "node:assert/strict"
import { test } from "node:test"
import { refuses, testKernel } from "../testing/kernel-cases.ts"
import { memoryKernel } from "./memory-kernel.ts"

testKernel("memory", memoryKernel, "/memory")

test("a chosen change fails, and the changes before it stay", () => {
  const { host } = memoryKernel({ refuse: (_, nth) => (nth === 2 ? "ENOMEM" : undefined) })
  const rules = [1, 2, 3].map((priority) => ({ priority, table: 9 }))
  refuses(
    host,
    "ENOMEM",
    rules.map((rule) => ({ do: "putRule", rule }) as const),
  )
  assert.deepEqual(host.rules()[1], rules[0])
  assert.equal(host.rules().length, 4)
})

test("an ENI is plugged in once, under the next free name", () => {
  const kernel = memoryKernel()
  kernel.plug("0A:00:00:00:00:01")
  kernel.plug("0a:00:00:00:00:01")
  kernel.plug("0a:00:00:00:00:02")
  assert.deepEqual(
    kernel.host.links().map((link) => [link.name, link.mac]),
    [
      ["lo", "00:00:00:00:00:00"],
      ["eth0", "0a:00:00:00:00:01"],
      ["eth1", "0a:00:00:00:00:02"],
    ],
  )
})

test("a machine on which nothing is wired has every namespace, and forgets empty ones", () => {
  const kernel = memoryKernel({ openMakes: true })
  const first = kernel.open("/a")
  assert.ok(first)
  kernel.host.apply([{ do: "addVeth", name: "x", mtu: 1500, peer: { name: "y", in: first } }])
  kernel.open("/b")
  kernel.open("/c")
  assert.equal(kernel.open("/a"), first)
  kernel.host.apply([{ do: "removeLink", name: "x" }])
  kernel.open("/d")
  assert.notEqual(kernel.open("/a"), first)
})
