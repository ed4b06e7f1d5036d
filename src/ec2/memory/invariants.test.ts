// Whatever users do to the cloud, in any order: no address twice, counts that are right, limits that hold, and a past
// that is as it was.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { parseAddress, parseCidr, sizeOf } from "../../vpc/cidr.ts"
import { attachInterface, detachInterface } from "./attachments.ts"
import { createCloud } from "./cloud.ts"
import type { Core } from "./core.ts"
import { Ec2Fault } from "./fault.ts"
import { runInstances, terminateInstances } from "./instances.ts"
import {
  assignAddresses,
  createInterface,
  deleteInterface,
  unassignAddresses,
} from "./interfaces.ts"
import { limitsOf } from "./limits.ts"
import type { CloudInterface } from "./records.ts"
import { createReservation, createSubnet } from "./subnets.ts"
import { createVpc } from "./vpcs.ts"

const small = fc.nat(5)
const step = fc.oneof(
  fc.record({
    do: fc.constant("create" as const),
    subnet: small,
    addresses: small,
    prefixes: small,
  }),
  fc.record({ do: fc.constant("delete" as const), pick: fc.nat() }),
  fc.record({ do: fc.constant("assign" as const), pick: fc.nat(), addresses: small }),
  fc.record({ do: fc.constant("prefix" as const), pick: fc.nat(), prefixes: small }),
  fc.record({ do: fc.constant("unassign" as const), pick: fc.nat(), which: fc.nat() }),
  fc.record({ do: fc.constant("named" as const), pick: fc.nat(), offset: fc.nat(70) }),
  fc.record({ do: fc.constant("attach" as const), pick: fc.nat(), to: fc.nat(), index: small }),
  fc.record({ do: fc.constant("detach" as const), pick: fc.nat() }),
  fc.record({ do: fc.constant("run" as const), subnet: small, count: small }),
  fc.record({ do: fc.constant("terminate" as const), pick: fc.nat() }),
  fc.record({ do: fc.constant("reserve" as const), subnet: small, block: fc.nat(3) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function pickFrom<T>(rows: Iterable<T>, n: number): T | undefined {
  const all = [...rows]
  return all[n % Math.max(1, all.length)]
}

function act(core: Core, subnets: readonly string[], s: Step): void {
  const subnetId = "subnet" in s ? (subnets[s.subnet % subnets.length] ?? "") : ""
  const eni = "pick" in s ? pickFrom(core.tables.networkInterface.all(), s.pick) : undefined
  const id = eni?.id ?? ""
  if (s.do === "create") {
    const counts = { addressCount: s.addresses, prefixCount: s.prefixes }
    createInterface(core, { subnetId, ...counts })
  } else if (s.do === "delete") deleteInterface(core, { id })
  else if (s.do === "assign") assignAddresses(core, { id, addressCount: s.addresses })
  else if (s.do === "prefix") assignAddresses(core, { id, prefixCount: s.prefixes })
  else if (s.do === "unassign") {
    const held = [...(eni?.addresses ?? []), ...(eni?.prefixes ?? [])]
    const one = pickFrom(held, s.which) ?? "10.0.0.0"
    unassignAddresses(core, { id, [one.includes("/") ? "prefixes" : "addresses"]: [one] })
  } else if (s.do === "named") assignAddresses(core, { id, addresses: [`10.0.0.${s.offset}`] })
  else if (s.do === "attach") {
    const instanceId = pickFrom(core.tables.instance.all(), s.to)?.id ?? ""
    attachInterface(core, { id, instanceId, deviceIndex: s.index })
  } else if (s.do === "detach") detachInterface(core, { attachmentId: eni?.attachment?.id ?? "" })
  else if (s.do === "run") runInstances(core, { type: "t3.medium", subnetId, count: s.count })
  else if (s.do === "terminate") {
    const instance = pickFrom(core.tables.instance.all(), s.pick)
    terminateInstances(core, { ids: instance ? [instance.id] : [] })
  } else {
    const cidr = parseCidr(core.tables.subnet.get(subnetId)?.cidr ?? "")
    const third = cidr ? Math.floor(cidr.base / 256) % 256 : 0
    createReservation(core, { subnetId, cidr: `10.0.${third}.${s.block * 16}/28`, type: "prefix" })
  }
}

const held = (eni: CloudInterface) => [eni.primaryAddress, ...eni.addresses, ...eni.prefixes]

/** Every address of an interface as a number. */
function numbers(eni: CloudInterface): number[] {
  return held(eni).flatMap((entry) => {
    const cidr = parseCidr(entry)
    if (cidr === undefined) return [parseAddress(entry) ?? -1]
    return Array.from({ length: sizeOf(cidr) }, (_, i) => cidr.base + i)
  })
}

function check(core: Core): void {
  for (const subnet of core.tables.subnet.all()) {
    const cidr = parseCidr(subnet.cidr)
    assert.ok(cidr)
    const own = [...core.tables.networkInterface.all()].filter((i) => i.subnetId === subnet.id)
    const used = own.flatMap(numbers)
    assert.equal(new Set(used).size, used.length, "an address was given twice")
    const first = cidr.base + 4
    const last = cidr.base + sizeOf(cidr) - 2
    assert.ok(
      used.every((n) => n >= first && n <= last),
      "an address of the VPC's own was given",
    )
    assert.equal(subnet.availableAddresses, sizeOf(cidr) - 5 - used.length)
  }
  for (const instance of core.tables.instance.all()) {
    const limits = limitsOf(instance.type)
    const enis = core.tables.networkInterface.in(instance.id)
    assert.ok(enis.length <= limits.maxEnis)
    assert.ok(enis.every((i) => held(i).length <= limits.ipv4PerEni))
    assert.equal(new Set(enis.map((i) => i.attachment?.deviceIndex)).size, enis.length)
    assert.ok(enis.every((i) => i.zone === instance.zone))
    if (instance.state === "terminated") assert.equal(enis.length, 0)
  }
}

const snapshot = (core: Core, at: number) => {
  const past = core.asOf(at)
  const sorted = <T extends { id: string }>(rows: Iterable<T>) =>
    [...rows].sort((a, b) => (a.id < b.id ? -1 : 1))
  return {
    subnets: sorted(past.subnet.all()),
    interfaces: sorted(past.networkInterface.all()),
    byInstance: sorted(past.instance.all()).map((i) => sorted(past.networkInterface.in(i.id))),
  }
}

for (const addressChoice of ["lowest", "scattered"] as const)
  test(`invariants hold under any sequence of operations, addresses chosen ${addressChoice}`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
        let now = 1_000
        let state = seed + 1
        const random = () => {
          state = (state * 48271) % 2147483647
          return state / 2147483647
        }
        const clock = {
          now: () => now,
          monotonic: () => now,
          sleep: () => new Promise<void>(() => {}),
        }
        const { core } = createCloud({ clock, random, region: "us-west-2", addressChoice })
        const vpc = createVpc(core, { cidr: "10.0.0.0/16" })
        const subnets = [
          createSubnet(core, { vpcId: vpc.id, cidr: "10.0.0.0/26", zone: "us-west-2a" }),
          createSubnet(core, { vpcId: vpc.id, cidr: "10.0.1.0/28", zone: "us-west-2a" }),
          createSubnet(core, { vpcId: vpc.id, cidr: "10.0.2.0/26", zone: "us-west-2b" }),
        ].map((s) => s.id)
        const past: { at: number; was: ReturnType<typeof snapshot> }[] = []
        for (const s of steps) {
          const before = snapshot(core, now)
          past.push({ at: now, was: before })
          now++
          try {
            act(core, subnets, s)
          } catch (fault) {
            assert.ok(fault instanceof Ec2Fault, String(fault))
            assert.deepEqual(snapshot(core, now), before, "a fault changed something")
          }
          check(core)
        }
        for (const { at, was } of past) assert.deepEqual(snapshot(core, at), was)
      }),
      { numRuns: 150 },
    )
  })
