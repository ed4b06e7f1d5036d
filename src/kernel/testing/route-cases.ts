import assert from "node:assert/strict"
import type { Route } from "../kernel.ts"
import { type KernelCase, pair, refuses } from "./kernel-cases.ts"

const put = (route: Route) => ({ do: "putRoute", route }) as const
const remove = (route: Route) => ({ do: "removeRoute", route }) as const

/** The two routes of an ENI's table. */
const gateway: Route = { to: "100.64.1.1/32", link: "x", table: 2, scope: "link" }
const onward: Route = { to: "0.0.0.0/0", via: "100.64.1.1", link: "x", table: 2 }

export const routeCases: readonly KernelCase[] = [
  {
    name: "routes are kept by table, with what was left open filled in",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      a.apply([put(gateway), put(onward), put({ to: "10.0.0.7/32", link: "x", table: 254 })])
      assert.deepEqual(
        a.routes(2).toSorted((p, q) => p.to.localeCompare(q.to)),
        [
          { ...onward, scope: "universe", type: "unicast" },
          { ...gateway, type: "unicast" },
        ],
      )
      assert.deepEqual(a.routes(254), [
        { to: "10.0.0.7/32", link: "x", table: 254, scope: "link", type: "unicast" },
      ])
      assert.equal(a.routes().length, 3)
    },
  },
  {
    name: "tables above 255 exist",
    run: (stage) => {
      pair(stage)
      stage.a.apply([put({ ...gateway, table: 10_101 })])
      assert.deepEqual(stage.a.routes(10_101), [{ ...gateway, table: 10_101, type: "unicast" }])
    },
  },
  {
    name: "putting a route again replaces it, and another metric makes another route",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      a.apply([
        put(gateway),
        put({ ...gateway, to: "100.64.1.2/32" }),
        put(onward),
        put({ ...onward, via: "100.64.1.2" }),
        put({ ...onward, metric: 50 }),
      ])
      const defaults = a.routes(2).filter((route) => route.to === "0.0.0.0/0")
      assert.deepEqual(defaults.map((route) => [route.via, route.metric]).sort(), [
        ["100.64.1.1", 50],
        ["100.64.1.2", undefined],
      ])
    },
  },
  {
    name: "a gateway must be on a link, and the link is found by it",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      refuses(a, "ENETUNREACH", [put(onward)])
      a.apply([
        put({ ...gateway, table: 254 }),
        put({ to: "0.0.0.0/0", via: "100.64.1.1", table: 2 }),
      ])
      assert.equal(a.routes(2)[0]?.link, "x")
    },
  },
  {
    name: "a route needs a link that exists and is up, and a source that the namespace has",
    run: (stage) => {
      pair(stage, { up: false })
      refuses(stage.a, "ENODEV", [put({ ...gateway, link: "nosuch" })])
      refuses(stage.a, "ENETDOWN", [put(gateway)])
      stage.a.apply([{ do: "setLink", name: "x", up: true }])
      refuses(stage.a, "EINVAL", [put({ ...gateway, source: "10.0.0.5" })])
    },
  },
  {
    name: "a route can refuse instead of forward",
    run: ({ a }) => {
      const route: Route = { to: "10.0.0.0/8", table: 2, type: "unreachable" }
      a.apply([put(route), put({ ...route, to: "11.0.0.0/8", type: "blackhole" })])
      assert.deepEqual(
        a
          .routes(2)
          .map((r) => [r.to, r.type])
          .sort(),
        [
          ["10.0.0.0/8", "unreachable"],
          ["11.0.0.0/8", "blackhole"],
        ],
      )
      a.apply([remove(route)])
      assert.equal(a.routes(2).length, 1)
    },
  },
  {
    name: "removing takes a route by what is said of it, and an absent one is fine",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      a.apply([
        put(gateway),
        put(onward),
        remove({ to: "0.0.0.0/0", table: 2 }),
        remove({ to: "0.0.0.0/0", table: 2 }),
        remove({ ...gateway, table: 3 }),
        remove({ ...gateway, link: "nosuch" }),
      ])
      assert.deepEqual(a.routes(2), [{ ...gateway, type: "unicast" }])
      a.apply([remove(gateway)])
      assert.deepEqual(a.routes(), [])
    },
  },
  {
    name: "shutting a link drops its routes in every table",
    run: (stage) => {
      const { a } = stage
      pair(stage)
      a.apply([put(gateway), put(onward), { do: "setLink", name: "x", up: false }])
      assert.deepEqual(a.routes(), [])
      a.apply([{ do: "setLink", name: "x", up: true }])
      assert.deepEqual(a.routes(), [])
    },
  },
]
