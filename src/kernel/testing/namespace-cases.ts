import assert from "node:assert/strict"
import { type KernelCase, pair, refuses } from "./kernel-cases.ts"

export const namespaceCases: readonly KernelCase[] = [
  {
    name: "a namespace is made, opened and removed; absent ones are no error",
    run: ({ kernel, path }) => {
      const where = path("n")
      assert.equal(kernel.open(where), undefined)
      using made = kernel.create(where)
      assert.deepEqual([made.path, made.link("lo")?.up], [where, true])
      assert.throws(() => kernel.create(where), /EEXIST/)
      using opened = kernel.open(where)
      opened?.apply([{ do: "putRule", rule: { priority: 9, table: 254 } }])
      assert.equal(made.rules().length, 4)
      kernel.remove(where)
      kernel.remove(where)
      assert.equal(kernel.open(where), undefined)
    },
  },
  {
    name: "changes stop at the first refusal, and earlier ones stay",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      refuses(a, "ENODEV", [
        { do: "putAddress", link: "x", address: "10.0.0.5/32" },
        { do: "setLink", name: "nosuch", up: true },
        { do: "putAddress", link: "x", address: "10.0.0.6/32" },
      ])
      assert.deepEqual(a.addresses("x"), [{ link: "x", address: "10.0.0.5/32" }])
    },
  },
  {
    name: "sysctls are read and written per namespace",
    run: ({ a, b }) => {
      a.apply([{ do: "sysctl", key: "net.ipv4.ip_forward", value: "1" }])
      b.apply([{ do: "sysctl", key: "net.ipv4.ip_forward", value: "0" }])
      assert.equal(a.sysctl("net.ipv4.conf.all.forwarding"), "1")
      assert.equal(b.sysctl("net.ipv4.conf.all.forwarding"), "0")
    },
  },
  {
    name: "a link has sysctls of its own while it exists, whatever dots are in its name",
    run: ({ a, b }) => {
      const key = "net/ipv4/conf/x.1/rp_filter"
      a.apply([
        { do: "addVeth", name: "x.1", mtu: 1500, peer: { name: "y", in: b } },
        { do: "sysctl", key, value: "2" },
      ])
      assert.equal(a.sysctl(key), "2")
      a.apply([{ do: "removeLink", name: "x.1" }])
      assert.equal(a.sysctl(key), undefined)
    },
  },
  {
    name: "an unknown sysctl is undefined, refused, or passed over where it is optional",
    run: ({ a }) => {
      const change = { do: "sysctl", key: "net.ipv4.no_such_key", value: "1" } as const
      assert.equal(a.sysctl(change.key), undefined)
      refuses(a, "ENOENT", [change])
      a.apply([{ ...change, optional: true }])
      assert.throws(() => a.sysctl("net.ipv4.../../etc"), /is not a sysctl key/)
    },
  },
  {
    name: "work runs inside the namespace, nested, and hands back its value or error",
    run: ({ a, b }) => {
      assert.equal(
        a.enter(() => b.enter(() => 1) + a.enter(() => 2)),
        3,
      )
      assert.throws(
        () =>
          a.enter(() => {
            throw new Error("inside")
          }),
        /inside/,
      )
      assert.deepEqual(
        b.enter(() => a.rules().length),
        3,
      )
    },
  },
]
