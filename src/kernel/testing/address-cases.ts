import assert from "node:assert/strict"
import { type KernelCase, pair, refuses } from "./kernel-cases.ts"

const address = "10.0.0.5/24"
const connected = {
  to: "10.0.0.0/24",
  link: "x",
  table: 254,
  scope: "link",
  source: "10.0.0.5",
  type: "unicast",
}

export const addressCases: readonly KernelCase[] = [
  {
    name: "an address on a link that is up brings the route to its subnet",
    run: (stage) => {
      pair(stage)
      stage.a.apply([
        { do: "putAddress", link: "x", address },
        { do: "putAddress", link: "x", address },
      ])
      assert.deepEqual(stage.a.addresses("x"), [{ link: "x", address }])
      assert.deepEqual(stage.a.addresses().length, 2)
      assert.deepEqual(stage.a.routes(254), [connected])
    },
  },
  {
    name: "an address can come without that route, and a /32 has none",
    run: (stage) => {
      pair(stage)
      stage.a.apply([
        { do: "putAddress", link: "x", address, noPrefixRoute: true },
        { do: "putAddress", link: "x", address: "100.64.0.9/32" },
      ])
      assert.deepEqual(stage.a.routes(), [])
      assert.equal(stage.a.addresses("x").length, 2)
    },
  },
  {
    name: "the subnet's route comes and goes with the state of the link; addresses stay",
    run: (stage) => {
      const { a } = stage
      pair(stage, { up: false })
      a.apply([{ do: "putAddress", link: "x", address }])
      assert.deepEqual(a.routes(), [])
      a.apply([{ do: "setLink", name: "x", up: true }])
      assert.deepEqual(a.routes(), [connected])
      a.apply([{ do: "setLink", name: "x", up: false }])
      assert.deepEqual(a.routes(), [])
      assert.deepEqual(a.addresses("x"), [{ link: "x", address }])
    },
  },
  {
    name: "with an address go the routes of main that use it; removing an absent one is fine",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      a.apply([
        { do: "putAddress", link: "x", address },
        { do: "putAddress", link: "x", address: "10.1.0.5/24" },
        { do: "putRoute", route: { to: "10.8.0.0/16", link: "x", table: 9, source: "10.0.0.5" } },
        { do: "putRoute", route: { to: "10.7.0.0/16", link: "x", table: 254, source: "10.0.0.5" } },
        { do: "putRoute", route: { to: "10.9.0.0/16", link: "x", table: 254 } },
        { do: "removeAddress", link: "x", address },
        { do: "removeAddress", link: "x", address },
        { do: "removeAddress", link: "nosuch", address },
      ])
      assert.deepEqual(
        a
          .routes()
          .map((route) => route.to)
          .sort(),
        ["10.1.0.0/24", "10.8.0.0/16", "10.9.0.0/16"],
      )
    },
  },
  {
    name: "with the last address of a link go all its routes",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      a.apply([
        { do: "putAddress", link: "x", address },
        { do: "putRoute", route: { to: "10.9.0.0/16", via: "10.0.0.1", table: 9 } },
        { do: "removeAddress", link: "x", address },
      ])
      assert.deepEqual(a.routes(), [])
    },
  },
  {
    name: "an address needs a link",
    run: ({ a }) => refuses(a, "ENODEV", [{ do: "putAddress", link: "nosuch", address }]),
  },
  {
    name: "permanent neighbours are put, replaced and removed, and go when the link is shut",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      const neighbour = { link: "x", address: "10.0.0.9", mac: "02:00:00:00:00:09" }
      const replaced = { ...neighbour, mac: "02:00:00:00:00:08" }
      a.apply([{ do: "putNeighbour", neighbour }])
      assert.deepEqual(a.neighbours("x"), [neighbour])
      a.apply([{ do: "putNeighbour", neighbour: replaced }])
      assert.deepEqual(a.neighbours("x"), [replaced])
      a.apply([
        { do: "removeNeighbour", neighbour },
        { do: "removeNeighbour", neighbour },
      ])
      assert.deepEqual(a.neighbours("x"), [])
      a.apply([
        { do: "putNeighbour", neighbour },
        { do: "setLink", name: "x", up: false },
      ])
      assert.deepEqual(a.neighbours("x"), [])
      refuses(a, "ENODEV", [{ do: "putNeighbour", neighbour: { ...neighbour, link: "nosuch" } }])
    },
  },
]
