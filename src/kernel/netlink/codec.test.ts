// Goal: what is sent is what iproute2 sends for the same wish, and what is read is what was written.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import fc from "fast-check"
import type { Route, Rule } from "../kernel.ts"
import { decodeAddress, encodePutAddress, encodeRemoveAddress } from "./address-codec.ts"
import { decodeLink, encodeSetLink, encodeVeth, encodeVlan } from "./link-codec.ts"
import { type MessageWriter, readAttributes, readMessages } from "./message.ts"
import { decodeNeighbour, encodePutNeighbour, encodeRemoveNeighbour } from "./neighbour-codec.ts"
import { decodeRoute, encodePutRoute, encodeRemoveRoute } from "./route-codec.ts"
import { decodeRule, encodePutRule, encodeRemoveRule } from "./rule-codec.ts"

/** Requests of iproute2 6.1, captured with strace: "# command", then the message in hex, its sequence number zero. */
const captured = new Map(
  readFileSync(new URL("./testdata/iproute2.txt", import.meta.url), "utf8")
    .split("# ")
    .filter((part) => part !== "")
    .map((part) => part.trim().split("\n") as [string, string]),
)

const eni1 = 3
const mac = (last: number) => `02:00:00:00:00:0${last}`
const veth = "ip link add eni1 numtxqueues 1 numrxqueues 1 mtu 9001 address 02:00:00:00:00:01"
const pod = { priority: 512, to: "100.64.1.20/32", table: 254 }

const requests: readonly (readonly [string, () => MessageWriter, number])[] = [
  [
    "ip link set eni1 up mtu 1400 alias berth c1",
    () => encodeSetLink(eni1, { up: true, mtu: 1400, alias: "berth c1" }),
    16,
  ],
  [
    "ip addr replace 10.0.0.5/24 dev eni1 noprefixroute",
    () => encodePutAddress(eni1, "10.0.0.5/24", true),
    8,
  ],
  ["ip addr del 10.0.0.5/24 dev eni1", () => encodeRemoveAddress(eni1, "10.0.0.5/24"), 8],
  [
    "ip route replace 100.64.1.1/32 dev eni1 table 10101 scope link",
    () => encodePutRoute({ to: "100.64.1.1/32", table: 10101, scope: "link" }, eni1),
    12,
  ],
  [
    "ip route replace default via 100.64.1.1 dev eni1 table 10101",
    () => encodePutRoute({ to: "0.0.0.0/0", via: "100.64.1.1", table: 10101 }, eni1),
    12,
  ],
  [
    "ip route replace 10.7.0.0/16 dev eni1 src 10.0.0.5 metric 50",
    () => encodePutRoute({ to: "10.7.0.0/16", source: "10.0.0.5", metric: 50, table: 254 }, eni1),
    12,
  ],
  [
    "ip route replace unreachable 10.8.0.0/16 table 2",
    () => encodePutRoute({ to: "10.8.0.0/16", type: "unreachable", table: 2 }, undefined),
    12,
  ],
  [
    "ip route del default via 100.64.1.1 table 10101",
    () => encodeRemoveRoute({ to: "0.0.0.0/0", via: "100.64.1.1", table: 10101 }, undefined),
    12,
  ],
  ["ip rule add prio 512 to 100.64.1.20 lookup main", () => encodePutRule(pod), 12],
  ["ip rule del prio 512 to 100.64.1.20 lookup main", () => encodeRemoveRule(pod), 12],
  [
    "ip rule add prio 1024 fwmark 0x80/0x80 lookup main",
    () => encodePutRule({ priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 }),
    12,
  ],
  [
    "ip rule add prio 1536 from 100.64.1.20 iif eni1 lookup 10101",
    () => encodePutRule({ priority: 1536, from: "100.64.1.20/32", incoming: "eni1", table: 10101 }),
    12,
  ],
  [
    "ip neigh replace 169.254.1.1 lladdr 02:00:00:00:00:01 dev eni1 nud permanent",
    () => encodePutNeighbour(eni1, "169.254.1.1", mac(1)),
    12,
  ],
  ["ip neigh del 169.254.1.1 dev eni1", () => encodeRemoveNeighbour(eni1, "169.254.1.1"), 12],
]

for (const [command, request, bodyLength] of requests)
  test(`sends what ${command} sends`, () => {
    const ours = comparable(request().finish(), bodyLength)
    assert.deepEqual(ours, comparable(Buffer.from(captured.get(command) ?? "", "hex"), bodyLength))
  })

test("sends the veth pair that ip link add sends, the peer's namespace added", () => {
  const [command, hex] = [...captured].find(([c]) => c.startsWith(veth)) ?? []
  assert.ok(command && hex)
  const end = (name: string, last: number) => ({ name, mac: mac(last) })
  const ours = encodeVeth({
    end: end("eni1", 1),
    peer: end("eth0", 2),
    mtu: 9001,
    up: false,
    peerNamespaceFd: 9,
  }).finish()
  assert.deepEqual(vethOf(ours), {
    ...vethOf(Buffer.from(hex, "hex")),
    peer: { ...vethOf(Buffer.from(hex, "hex")).peer, 28: "09000000" },
  })
})

test("sends the VLAN link that ip link add sends", () => {
  const [command, hex] = [...captured].find(([c]) => c.endsWith("type vlan id 7")) ?? []
  assert.ok(command && hex)
  const ours = encodeVlan({ name: "vlan.eth.7", parent: 2, id: 7, mac: mac(1), mtu: 9001 })
  assert.deepEqual(vlanOf(ours.finish()), vlanOf(Buffer.from(hex, "hex")))
})

const ip = fc.ipV4()
const prefix = fc.tuple(ip, fc.integer({ min: 1, max: 32 })).map(([a, length]) => `${a}/${length}`)
const table = fc.integer({ min: 1, max: 0xffff_ffff })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

test("a route is read as it was written", () => {
  const routes = fc.record({
    to: fc.oneof(prefix, fc.constant("0.0.0.0/0")),
    via: optional(ip),
    source: optional(ip),
    metric: optional(fc.integer({ min: 1, max: 0xffff_ffff })),
    scope: fc.constantFrom("universe", "link", "host"),
    type: fc.constantFrom("unicast", "blackhole", "unreachable"),
    table,
  })
  fc.assert(
    fc.property(routes, (wanted) => {
      const route = present<Route>({ ...wanted, link: "eth1" })
      assert.deepEqual(
        decodeRoute(bodyOf(encodePutRoute(route, 7)), () => "eth1"),
        route,
      )
    }),
  )
})

test("a rule is read as it was written", () => {
  const u32 = fc.integer({ min: 1, max: 0xffff_ffff })
  const rules = fc.record({
    priority: u32,
    from: optional(prefix),
    to: optional(prefix),
    mark: optional(fc.record({ value: u32, mask: u32 }, { noNullPrototype: true })),
    incoming: optional(fc.stringMatching(/^[a-z][a-z0-9.]{0,14}$/)),
    table,
  })
  fc.assert(
    fc.property(rules, (wanted) => {
      const rule = present<Rule>(wanted)
      assert.deepEqual(decodeRule(bodyOf(encodePutRule(rule))), rule)
    }),
  )
})

test("addresses, neighbours and links are read as they were written", () => {
  const macs = fc
    .array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 })
    .map((bytes) => bytes.map((b) => b.toString(16).padStart(2, "0")).join(":"))
  fc.assert(
    fc.property(ip, prefix, macs, fc.boolean(), (address, cidr, mac, flag) => {
      const read = decodeAddress(bodyOf(encodePutAddress(5, cidr, flag)))
      assert.deepEqual(read, { index: 5, address: cidr })
      const neighbour = decodeNeighbour(bodyOf(encodePutNeighbour(5, address, mac)))
      assert.deepEqual(neighbour, { index: 5, address, mac })
      const link = { rename: "eth7", alias: "x y", mtu: 1400, mac, up: flag }
      const { rename: name, ...rest } = link
      assert.deepEqual(decodeLink(bodyOf(encodeSetLink(5, link))), { index: 5, name, ...rest })
    }),
  )
})

test("what is no address is refused before it is sent", () => {
  for (const wrong of ["10.0.0", "10.0.0.256", "10.0.0.1/33", "10.0.0.1/", "fe80::1", ""])
    assert.throws(() => encodePutAddress(1, wrong, false), TypeError)
})

const bodyOf = (request: MessageWriter): Buffer => {
  const [message] = readMessages(request.finish())
  assert.ok(message)
  return message.body
}

/** Type, flags, fixed body and attributes; the order of attributes says nothing. */
function comparable(datagram: Buffer, bodyLength: number) {
  const [message] = readMessages(datagram)
  assert.ok(message)
  const { type, flags, body } = message
  const fixed = body.subarray(0, bodyLength).toString("hex")
  return { type, flags, fixed, attributes: hexOf(body.subarray(bodyLength)) }
}

const hexOf = (data: Buffer): Record<number, string> =>
  Object.fromEntries(
    [...readAttributes(data)].map(([type, value]) => [type, value.toString("hex")]),
  )

/** Takes the nesting of a veth request apart: link, link info (18), its data (2), the peer (1). */
function vethOf(datagram: Buffer) {
  const outer = comparable(datagram, 16)
  const { 18: info = "", ...attributes } = outer.attributes
  const { 1: kind = "", 2: data = "" } = hexOf(Buffer.from(info, "hex"))
  const peer = Buffer.from(hexOf(Buffer.from(data, "hex"))[1] ?? "", "hex")
  return {
    ...outer,
    attributes,
    kind: kind.replace(/(00)+$/, ""),
    peerFixed: peer.subarray(0, 16).toString("hex"),
    peer: hexOf(peer.subarray(16)),
  }
}

/** The same for a VLAN link: link info (18), its kind (1) and data (2). Names may end in zeroes. */
function vlanOf(datagram: Buffer) {
  const outer = comparable(datagram, 16)
  const { 18: info = "", 3: name = "", ...attributes } = outer.attributes
  const { 1: kind = "", 2: data = "" } = hexOf(Buffer.from(info, "hex"))
  const text = (hex: string) => hex.replace(/(00)+$/, "")
  return { ...outer, attributes, name: text(name), kind: text(kind), data }
}

/** Without the members that are undefined. */
const present = <T>(value: object): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T
