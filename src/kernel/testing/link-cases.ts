import assert from "node:assert/strict"
import type { Change } from "../kernel.ts"
import { eventually } from "./eventually.ts"
import { type KernelCase, pair, refuses } from "./kernel-cases.ts"

export const linkCases: readonly KernelCase[] = [
  {
    name: "a veth pair has one end in each namespace, as asked",
    run: ({ a, b }) => {
      a.apply([
        {
          do: "addVeth",
          name: "x",
          mac: "02:00:00:00:00:0a",
          mtu: 9001,
          peer: { name: "y", mac: "02:00:00:00:00:0b", in: b },
        },
      ])
      const { index: _, ...x } = a.link("x") ?? {}
      const { index: __, ...y } = b.link("y") ?? {}
      const common = { mtu: 9001, up: false, kind: "veth" }
      assert.deepEqual(x, { name: "x", mac: "02:00:00:00:00:0a", ...common })
      assert.deepEqual(y, { name: "y", mac: "02:00:00:00:00:0b", ...common })
    },
  },
  {
    name: "a pair can be born with this end up, and both in one namespace",
    run: ({ a }) => {
      a.apply([{ do: "addVeth", name: "x", mtu: 1500, up: true, peer: { name: "y", in: a } }])
      assert.deepEqual(
        a.links().map((link) => [link.name, link.up]),
        // The order of the two is the kernel's business.
        [["lo", true], ...(a.links()[1]?.name === "x" ? xy : xy.toReversed())],
      )
    },
  },
  {
    name: "a pair without MACs gets some, all different",
    run: (stage) => {
      pair(stage)
      const macs = [stage.a.link("x")?.mac, stage.b.link("y")?.mac]
      for (const mac of macs) assert.match(mac ?? "", /^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/)
      assert.notEqual(macs[0], macs[1])
    },
  },
  {
    name: "a name that is taken at either end is refused, and nothing is made",
    run: (stage) => {
      const { a, b } = stage
      pair(stage)
      refuses(a, "EEXIST", [{ do: "addVeth", name: "x", mtu: 1500, peer: { name: "z", in: b } }])
      refuses(a, "EEXIST", [{ do: "addVeth", name: "z", mtu: 1500, peer: { name: "y", in: b } }])
      assert.equal(a.link("z"), undefined)
      assert.equal(b.link("z"), undefined)
    },
  },
  {
    name: "a link is found by name, and an absent one is undefined",
    run: ({ a }) => {
      assert.equal(a.link("lo")?.up, true)
      assert.equal(a.link("nosuch"), undefined)
    },
  },
  {
    name: "a VLAN link lies on its parent, where the kernel has the driver",
    run: (stage, t) => {
      const { a } = stage
      pair(stage)
      const mac = "02:00:00:00:00:0d"
      const vlan: Change = { do: "addVlan", name: "x.7", parent: "x", id: 7, mac, mtu: 1500 }
      if (!a.supports("vlan")) {
        refuses(a, "EOPNOTSUPP", [vlan])
        t.skip("this kernel has no VLAN links (8021q)")
        return
      }
      a.apply([vlan, { do: "setLink", name: "x.7", up: true }])
      const { index: _, ...made } = a.link("x.7") ?? {}
      assert.deepEqual(made, { name: "x.7", mac, mtu: 1500, up: true, kind: "vlan" })
      refuses(a, "EEXIST", [vlan])
      a.apply([{ do: "removeLink", name: "x.7" }])
      assert.deepEqual(
        a.links().map((link) => link.name),
        ["lo", "x"],
      )
    },
  },
  {
    name: "removing an end removes the other, with all that hangs on them",
    run: (stage) => {
      const { a, b } = stage
      pair(stage)
      b.apply([
        { do: "putAddress", link: "y", address: "10.0.0.2/24" },
        { do: "putRoute", route: { to: "10.9.0.0/16", via: "10.0.0.1", table: 7 } },
      ])
      a.apply([{ do: "removeLink", name: "x" }])
      assert.equal(b.link("y"), undefined)
      assert.deepEqual(b.routes(), [])
      a.apply([{ do: "removeLink", name: "x" }])
    },
  },
  {
    name: "links are removed aside, several at once, absent ones included",
    run: async (stage) => {
      const { a, b } = stage
      pair(stage)
      a.apply([{ do: "addVeth", name: "x2", mtu: 1500, peer: { name: "y2", in: b } }])
      await a.removeLinks(["x", "nosuch", "x2"])
      await a.removeLinks(["x", "x2"])
      await a.removeLinks([])
      assert.deepEqual(
        [...a.links(), ...b.links()].map((link) => link.name),
        ["lo", "lo"],
      )
    },
  },
  {
    name: "a namespace takes its links along, and their partners elsewhere",
    run: async (stage) => {
      pair(stage)
      stage.kernel.remove(stage.b.path)
      stage.b[Symbol.dispose]()
      await eventually(() => stage.a.link("x") === undefined, "the partner is gone")
    },
  },
  {
    name: "a link changes state, MTU, MAC, alias and name",
    run: (stage) => {
      const { a } = stage
      pair(stage, { up: false })
      const alias = "uplink"
      const mac = "02:00:00:00:00:0c"
      a.apply([{ do: "setLink", name: "x", up: true, mtu: 1400, mac, alias }])
      const { index, ...x } = a.link("x") ?? {}
      assert.deepEqual(x, { name: "x", up: true, mtu: 1400, mac, alias, kind: "veth" })
      a.apply([
        { do: "setLink", name: "x", up: false },
        { do: "setLink", name: "x", rename: "z" },
        { do: "setLink", name: "z", mtu: 1300 },
      ])
      assert.equal(a.link("x"), undefined)
      assert.deepEqual(a.link("z"), { ...x, index, name: "z", up: false, mtu: 1300 })
    },
  },
  {
    name: "what a link cannot be is refused",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      refuses(a, "ENODEV", [{ do: "setLink", name: "nosuch", up: true }])
      refuses(a, "EINVAL", [{ do: "setLink", name: "x", mtu: 70_000 }])
      refuses(a, "EEXIST", [{ do: "setLink", name: "x", rename: "lo" }])
    },
  },
  {
    name: "a link moves to another namespace under a new name, shut and without addresses",
    run: (stage) => {
      const { a, b } = stage
      pair(stage)
      a.apply([
        { do: "putAddress", link: "x", address: "10.0.0.1/24" },
        { do: "setLink", name: "x", moveTo: b, rename: "z" },
      ])
      assert.equal(a.link("x"), undefined)
      assert.equal(b.link("z")?.up, false)
      assert.deepEqual(b.addresses("z"), [])
      assert.deepEqual(a.routes(), [])
    },
  },
  {
    name: "a link that moves onto a name that is taken is refused, but has moved under its old name",
    run: (stage) => {
      pair(stage)
      refuses(stage.a, "EEXIST", [{ do: "setLink", name: "x", moveTo: stage.b, rename: "y" }])
      assert.equal(stage.a.link("x"), undefined)
      assert.equal(stage.b.link("x")?.name, "x")
    },
  },
]

const xy = [
  ["x", true],
  ["y", false],
]
