import assert from "node:assert/strict"
import type { Change } from "../../../kernel/kernel.ts"
import {
  findLinkByMac,
  type InterfaceSpec,
  setUpInterface,
  tearDownInterface,
} from "../interface-setup.ts"
import { setUpPrimary } from "../primary-interface.ts"
import { contents, fails, type WiringCase } from "./wiring-stage.ts"

export const eni: InterfaceSpec = {
  id: "eni-1",
  mac: "0a:00:00:00:00:11",
  deviceIndex: 1,
  networkCard: 0,
  primaryAddress: "100.64.1.10",
  subnetCIDR: "100.64.1.0/24",
  mtu: 9001,
}
const rule = { priority: 32765, from: "100.64.1.10/32", table: 2 }

export const interfaceCases: readonly WiringCase[] = [
  {
    name: "an ENI of isolated pods lets in packets of the host, and leads them to those pods only",
    run: ({ kernel, attach }) => {
      attach(eni.mac)
      const spec = { ...eni, isolated: true }
      setUpInterface(kernel, spec)
      const link = findLinkByMac(kernel.host, eni.mac)?.name ?? ""
      const toPods = { priority: 10, incoming: link, table: 20_002 }
      assert.deepEqual(
        kernel.host.rules().filter((r) => r.priority === 10),
        [toPods],
      )
      assert.equal(kernel.host.sysctl(`net/ipv4/conf/${link}/accept_local`), "1")
      assert.equal(kernel.host.sysctl(`net/ipv4/conf/${link}/rp_filter`), "2")
      // What is sent to the host's own addresses has to pass the ENI first.
      const local = kernel.host.rules().filter((r) => r.table === 255)
      assert.deepEqual(local, [
        { priority: 9, to: "169.254.0.0/16", table: 255 },
        { priority: 20, table: 255 },
      ])
      assert.equal(kernel.host.sysctl("net.ipv4.tcp_early_demux"), "0")
      assert.deepEqual(setUpInterface(kernel, spec), [])
      tearDownInterface(kernel, spec)
      assert.deepEqual(
        kernel.host.rules().filter((r) => r.priority === 10),
        [],
      )
    },
  },
  {
    name: "a secondary ENI gets MTU, address, table and rule, and no route in main",
    run: ({ kernel: { host, ...kernel }, attach }) => {
      attach(eni.mac)
      setUpInterface({ ...kernel, host }, eni)
      assert.deepEqual([host.link("ens5")?.mtu, host.link("ens5")?.up], [9001, true])
      assert.deepEqual(host.addresses("ens5"), [{ link: "ens5", address: "100.64.1.10/24" }])
      assert.deepEqual(
        host
          .routes(2)
          .map((route) => [route.to, route.via, route.link])
          .sort(),
        [
          ["0.0.0.0/0", "100.64.1.1", "ens5"],
          ["100.64.1.1/32", undefined, "ens5"],
        ],
      )
      assert.deepEqual(host.routes(254), [])
      assert.ok(host.rules().some((r) => JSON.stringify(r) === JSON.stringify(rule)))
    },
  },
  {
    name: "setting up again changes nothing, and puts back only what is missing",
    run: ({ kernel, attach }) => {
      attach(eni.mac)
      setUpInterface(kernel, eni)
      assert.deepEqual(setUpInterface(kernel, eni), [])
      kernel.host.apply([{ do: "removeRule", rule }])
      assert.deepEqual(setUpInterface(kernel, eni), [{ do: "putRule", rule }])
      kernel.host.apply([{ do: "setLink", name: "ens5", up: false }])
      setUpInterface(kernel, eni)
      assert.equal(kernel.host.routes(2).length, 2)
      assert.deepEqual(setUpInterface(kernel, eni), [])
    },
  },
  {
    name: "what another program configured on the link gives way",
    run: ({ kernel, attach }) => {
      attach(eni.mac)
      kernel.host.apply([
        { do: "setLink", name: "ens5", up: true },
        { do: "putAddress", link: "ens5", address: "100.64.1.20/24" },
        { do: "putAddress", link: "ens5", address: "100.64.1.10/24" },
      ])
      setUpInterface(kernel, eni)
      assert.deepEqual(kernel.host.addresses("ens5"), [{ link: "ens5", address: "100.64.1.10/24" }])
      assert.deepEqual(kernel.host.routes(254), [])
      assert.equal(kernel.host.routes(2).length, 2)
      assert.deepEqual(setUpInterface(kernel, eni), [])
    },
  },
  {
    name: "ENIs have tables of their own, on every network card",
    run: ({ kernel, attach }) => {
      const specs = [
        { ...eni, deviceIndex: 2, mac: "0a:00:00:00:00:12", primaryAddress: "100.64.1.12" },
        { ...eni, networkCard: 1, mac: "0A:00:00:00:00:13", primaryAddress: "100.64.1.13" },
      ]
      for (const spec of specs) attach(spec.mac)
      for (const spec of specs) setUpInterface(kernel, spec)
      assert.deepEqual(
        [3, 10_101].map((table) => kernel.host.routes(table).length),
        [2, 2],
      )
    },
  },
  {
    name: "tearing down takes all away, twice, and without the link",
    run: ({ kernel, attach }) => {
      attach(eni.mac)
      setUpInterface(kernel, eni)
      tearDownInterface(kernel, eni)
      tearDownInterface(kernel, eni)
      assert.deepEqual(kernel.host.routes(), [])
      assert.deepEqual(kernel.host.addresses("ens5"), [])
      assert.equal(kernel.host.rules().length, 3)
      setUpInterface(kernel, eni)
      kernel.host.apply([{ do: "removeLink", name: "ens5" }])
      tearDownInterface(kernel, eni)
      assert.equal(kernel.host.rules().length, 3)
    },
  },
  {
    name: "an ENI that the node does not see is said to be missing",
    run: ({ kernel }) => {
      assert.equal(findLinkByMac(kernel.host, eni.mac), undefined)
      fails("kernel/link-missing", () => setUpInterface(kernel, eni))
      tearDownInterface(kernel, eni)
    },
  },
  {
    name: "a subnet that is none is refused before anything is changed",
    run: ({ kernel, attach }) => {
      attach(eni.mac)
      const before = contents(kernel.host)
      fails("kernel/refused", () => setUpInterface(kernel, { ...eni, subnetCIDR: "100.64.1.0" }))
      assert.deepEqual(contents(kernel.host), before)
    },
  },
  {
    name: "a link that cannot have the MTU leaves the host as it was",
    run: ({ kernel, attach }) => {
      attach(eni.mac)
      const before = contents(kernel.host)
      fails("kernel/refused", () => setUpInterface(kernel, { ...eni, mtu: 70_000 }))
      assert.deepEqual(contents(kernel.host), before)
    },
  },
  {
    name: "the primary ENI is made to forward, loosely filtered, and keeps its addresses and routes",
    run: ({ kernel, attach }) => {
      const primary = { id: "eni-0", mac: "0a:00:00:00:00:10", mtu: 9001, tcpEarlyDemux: true }
      fails("kernel/link-missing", () => setUpPrimary(kernel, primary))
      attach(primary.mac)
      const own: Change[] = [
        { do: "setLink", name: "ens5", up: true },
        { do: "putAddress", link: "ens5", address: "10.0.0.10/24" },
        { do: "putRoute", route: { to: "0.0.0.0/0", via: "10.0.0.1", table: 254 } },
      ]
      kernel.host.apply(own)
      const { addresses, routes } = contents(kernel.host)
      assert.ok(setUpPrimary(kernel, primary).length > 0)
      assert.deepEqual(setUpPrimary(kernel, primary), [])
      assert.deepEqual(contents(kernel.host).addresses, addresses)
      assert.deepEqual(contents(kernel.host).routes, routes)
      assert.equal(kernel.host.sysctl("net.ipv4.conf.ens5.rp_filter"), "2")
      assert.equal(kernel.host.sysctl("net.ipv4.ip_forward"), "1")
    },
  },
]
