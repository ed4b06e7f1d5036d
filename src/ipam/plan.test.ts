import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { fail } from "../errors/catalogue.ts"
import type { Resolution } from "../placement/resolve.ts"
import type { Action } from "./actions.ts"
import { type PlanInput, planNode } from "./plan.ts"
import {
  addresses,
  demand,
  iface,
  placementOf,
  planInput,
  primary,
  resolved,
} from "./testing/objects.ts"

const kinds = (actions: readonly Action[]) => actions.map((action) => action.do)
const creates = (actions: readonly Action[]) => actions.filter((action) => action.do === "create")
const assigns = (actions: readonly Action[]) => actions.filter((action) => action.do === "assign")

const waiting = (n: number) => ({ demand: [demand({ waiting: n })] })
const refusedWith = (object: string, unreadable = false): Resolution => ({
  ok: false,
  object,
  refusal: unreadable
    ? fail("placement/unreadable", { what: object, why: "timeout" })
    : fail("placement/eniconfig-missing", { node: "node-1", name: "x", source: "label z" }),
  unreadable,
  trace: [],
})
const resolutions = (resolution: Resolution) => new Map([["node", resolution]])

test("a cold node needs one create, which brings the whole warm pool", () => {
  const { actions, shortages } = planNode(planInput())
  assert.deepEqual(actions, [
    {
      do: "create",
      placement: "node",
      object: "ENIConfig/us-west-2a",
      subnetID: "subnet-a",
      securityGroups: ["sg-1"],
      networkCard: 0,
      deviceIndex: 1,
      addresses: 29,
      prefixes: 0,
      urgency: "refill",
    },
  ])
  assert.deepEqual(shortages, [])
})

test("110 pods at once on a fresh node of 8 by 30: four creates in one plan, or one with prefixes", () => {
  const plain = planNode(planInput({ spec: waiting(110) }))
  assert.deepEqual(
    creates(plain.actions).map((a) => a.addresses),
    [29, 29, 29, 23],
  )
  assert.deepEqual(plain.shortages, [])
  const prefixed = planNode(planInput({ mode: { prefixDelegation: true }, spec: waiting(110) }))
  assert.deepEqual(
    creates(prefixed.actions).map((a) => a.prefixes),
    [7],
  )
  assert.equal(prefixed.actions.length, 1)
})

test("a subnet with 11 free addresses is asked for what it has, and the shortage says so", () => {
  const { actions, shortages } = planNode(
    planInput({ supply: new Map([["subnet-a", { free: 11 }]]) }),
  )
  assert.deepEqual(
    creates(actions).map((a) => a.addresses),
    [10],
  )
  assert.deepEqual(
    shortages.map((s) => [s.waiting, s.warm, s.error.code]),
    [[0, 19, "ipam/subnets-full"]],
  )
})

test("what fits on a live interface is one assign call on it, pods and warm pool together", () => {
  const live = iface("eni-1", { addresses: addresses(10) })
  const spec = { targets: { warmIP: 5, maxPods: 110 }, demand: [demand({ inUse: 10, waiting: 3 })] }
  const { actions } = planNode(planInput({ interfaces: [primary, live], spec }))
  assert.deepEqual(actions, [
    {
      do: "assign",
      interfaceID: "eni-1",
      placement: "node",
      subnetID: "subnet-a",
      addresses: 8,
      prefixes: 0,
      urgency: "allocate",
    },
  ])
})

test("W7: a full subnet under live interfaces sends the rest to a new interface in the next subnet", () => {
  const live = iface("eni-1", { addresses: addresses(5) })
  const placement = placementOf("node", ["subnet-a", "subnet-b"])
  const supply = new Map([
    ["subnet-a", { free: 0 }],
    ["subnet-b", { free: 100 }],
  ])
  const spec = { targets: { warmIP: 1, maxPods: 110 }, demand: [demand({ inUse: 5, waiting: 2 })] }
  const input = planInput({
    interfaces: [primary, live],
    resolutions: resolutions(resolved(placement)),
    supply,
    spec,
  })
  const { actions, shortages } = planNode(input)
  assert.deepEqual(
    creates(actions).map((a) => [a.subnetID, a.addresses]),
    [["subnet-b", 3]],
  )
  assert.deepEqual([actions.length, shortages.length], [1, 0])
})

test("without a free /28 block waiting pods get single addresses, and the warm pool of prefixes stays short", () => {
  const supply = new Map([["subnet-a", { free: 200, freePrefixes: 0 }]])
  const spec = { targets: { warmPrefix: 1, maxPods: 110 }, ...waiting(3) }
  const { actions, shortages } = planNode(
    planInput({ mode: { prefixDelegation: true }, supply, spec }),
  )
  assert.deepEqual(
    creates(actions).map((a) => [a.addresses, a.prefixes]),
    [[3, 0]],
  )
  assert.deepEqual(
    shortages.map((s) => [s.waiting, s.error.code]),
    [[0, "ec2/no-free-prefix"]],
  )
})

test("a type that cannot have prefixes uses addresses", () => {
  const limits = {
    interfaces: 4,
    addressesPerInterface: 15,
    prefixes: false,
    defaultNetworkCard: 0,
  }
  const { actions } = planNode(planInput({ mode: { prefixDelegation: true }, limits }))
  assert.deepEqual(
    creates(actions).map((a) => [a.addresses, a.prefixes]),
    [[14, 0]],
  )
})

test("calls under way count: the same demand is not bought twice", () => {
  const first = planNode(planInput({ spec: waiting(40) }))
  const second = planNode(planInput({ spec: waiting(40), inFlight: first.actions }))
  assert.deepEqual(second, { ...second, actions: [], shortages: [] })
  const more = planNode(planInput({ spec: waiting(60), inFlight: first.actions }))
  assert.deepEqual(
    creates(more.actions).map((a) => a.deviceIndex),
    [4],
  )
})

test("pods that come one by one while an interface is being created wait for it, and do not get one each", () => {
  const blue = (pods: number) => ({ demand: [demand({ placement: "pool:blue", waiting: pods })] })
  const places = new Map([["pool:blue", resolved(placementOf("pool:blue", ["subnet-a"]))]])
  const first = planNode(planInput({ spec: blue(1), resolutions: places }))
  const inFlight = first.actions
  const later = planNode(planInput({ spec: blue(29), resolutions: places, inFlight }))
  assert.deepEqual([later.actions, later.shortages], [[], []])
  // More than it can take opens one more, which then takes what it can in the same call.
  const beyond = planNode(planInput({ spec: blue(31), resolutions: places, inFlight }))
  assert.deepEqual(
    creates(beyond.actions).map((a) => a.addresses),
    [29],
  )
  const made = iface("eni-1", {
    placement: "pool:blue",
    addresses: addresses(1),
    state: "Attaching",
  })
  const then = planNode(
    planInput({ spec: blue(29), resolutions: places, interfaces: [primary, made] }),
  )
  assert.deepEqual(
    assigns(then.actions).map((a) => a.addresses),
    [28],
  )
})

test("slots are shared: MAX_ENI and foreign interfaces limit them, and the shortage counts them", () => {
  const foreign = iface("eni-1", { state: "Foreign", placement: "" })
  const spec = { targets: { maxENI: 3, maxPods: 110 }, ...waiting(50) }
  const { actions, shortages } = planNode(planInput({ interfaces: [primary, foreign], spec }))
  assert.deepEqual(
    creates(actions).map((a) => [a.deviceIndex, a.addresses]),
    [[2, 29]],
  )
  const [shortage] = shortages
  assert.equal(shortage?.waiting, 21)
  assert.equal(shortage?.error.code, "ipam/no-interface-slot")
  assert.match(shortage?.error.message ?? "", /3 of 3 are attached, 1 of them not Berth's/)
})

test("interfaces on other network cards take no slot of the default card", () => {
  const limits = { interfaces: 2, addressesPerInterface: 50, prefixes: true, defaultNetworkCard: 0 }
  const efa = iface("eni-1", { networkCard: 1, state: "Foreign" })
  const { actions } = planNode(planInput({ limits, interfaces: [primary, efa] }))
  assert.deepEqual(
    creates(actions).map((a) => a.deviceIndex),
    [1],
  )
})

test("placements take turns for the last slots, those without any address first", () => {
  const limits = { interfaces: 4, addressesPerInterface: 3, prefixes: true, defaultNetworkCard: 0 }
  const live = iface("eni-1", { addresses: addresses(2) })
  const spec = {
    demand: [
      demand({ inUse: 2, waiting: 10 }),
      demand({ placement: "pool:blue", waiting: 10 }),
      demand({ placement: "sg:sg-9", waiting: 10 }),
    ],
  }
  const places = new Map(
    ["node", "pool:blue", "sg:sg-9"].map((key) => [key, resolved(placementOf(key, ["subnet-a"]))]),
  )
  const { actions, shortages } = planNode(
    planInput({ limits, interfaces: [primary, live], spec, resolutions: places }),
  )
  assert.deepEqual(
    creates(actions).map((a) => a.placement),
    ["pool:blue", "sg:sg-9"],
  )
  assert.deepEqual(
    shortages.map((s) => [s.placement, s.waiting]),
    [
      ["node", 10],
      ["pool:blue", 8],
      ["sg:sg-9", 8],
    ],
  )
})

test("only the node placement has a warm pool", () => {
  const spec = { demand: [demand(), demand({ placement: "pool:blue", waiting: 1 })] }
  const places = new Map(
    ["node", "pool:blue"].map((key) => [key, resolved(placementOf(key, ["subnet-a"]))]),
  )
  const { actions } = planNode(planInput({ spec, resolutions: places }))
  assert.deepEqual(
    creates(actions).map((a) => [a.placement, a.addresses, a.urgency]),
    [
      ["pool:blue", 1, "allocate"],
      ["node", 29, "refill"],
    ],
  )
})

test("edited security groups go onto live interfaces in place, by one call each", () => {
  const live = [1, 2].map((n) =>
    iface(`eni-${n}`, { addresses: addresses(29, n), securityGroups: ["sg-old"] }),
  )
  const { actions } = planNode(planInput({ interfaces: [primary, ...live] }))
  assert.deepEqual(
    actions,
    live.map((i) => ({
      do: "regroup",
      interfaceID: i.id,
      securityGroups: ["sg-1"],
      urgency: "allocate",
    })),
  )
})

test("the order of security groups means nothing", () => {
  const live = iface("eni-1", { addresses: addresses(29), securityGroups: ["sg-2", "sg-1"] })
  const placement = placementOf("node", ["subnet-a"], { securityGroups: ["sg-1", "sg-2"] })
  const { actions } = planNode(
    planInput({ interfaces: [primary, live], resolutions: resolutions(resolved(placement)) }),
  )
  assert.deepEqual(actions, [])
})

test("a changed subnet drains the old interface, groups untouched, and opens a new one", () => {
  const old = iface("eni-1", {
    subnetID: "subnet-old",
    addresses: addresses(29),
    securityGroups: ["sg-old"],
  })
  const { actions } = planNode(
    planInput({ interfaces: [primary, old], spec: { demand: [demand({ inUse: 20 })] } }),
  )
  assert.deepEqual(kinds(actions), ["mark", "create"])
  assert.equal(creates(actions)[0]?.addresses, 29)
})

test("pods of an interface that begins to drain open no second new one", () => {
  const old = iface("eni-1", {
    subnetID: "subnet-old",
    state: "Draining",
    addresses: addresses(29),
  })
  const next = iface("eni-2", { state: "Attaching", addresses: addresses(29) })
  const spec = { demand: [demand({ inUse: 20 })] }
  assert.deepEqual(planNode(planInput({ interfaces: [primary, old, next], spec })).actions, [])
  const inFlight = planNode(planInput({ interfaces: [primary, old], spec })).actions
  const again = planNode(planInput({ interfaces: [primary, old], spec, inFlight })).actions
  assert.deepEqual(again, [])
})

test("a draining interface that is wanted again is taken back", () => {
  const old = iface("eni-1", { state: "Draining", addresses: addresses(29) })
  const { actions } = planNode(planInput({ interfaces: [primary, old] }))
  assert.deepEqual(
    actions.map((a) => a.do === "mark" && a.state),
    ["Ready"],
  )
})

test("turning custom networking on leaves the primary ENI alone and drains what is in the node's subnet", () => {
  const before = { ...primary, addresses: addresses(5, 9) }
  const old = iface("eni-1", {
    subnetID: "subnet-node",
    object: "primary",
    addresses: addresses(14),
  })
  const { actions } = planNode(
    planInput({ interfaces: [before, old], spec: { demand: [demand({ inUse: 12 })] } }),
  )
  assert.deepEqual(kinds(actions), ["mark", "create"])
})

test("without custom networking the primary ENI drains when its subnet is excluded, groups untouched", () => {
  const own = { ...primary, addresses: addresses(3) }
  const placement = placementOf("node", ["subnet-a"], { object: "primary" })
  const { actions } = planNode(
    planInput({
      mode: { customNetworking: false },
      interfaces: [own],
      resolutions: resolutions(resolved(placement)),
    }),
  )
  assert.deepEqual(kinds(actions), ["mark", "create"])
  const back = {
    ...own,
    subnetID: "subnet-a",
    state: "Draining" as const,
    securityGroups: ["sg-9"],
  }
  const again = planNode(
    planInput({
      mode: { customNetworking: false },
      interfaces: [back],
      resolutions: resolutions(resolved(placement)),
    }),
  )
  assert.deepEqual(again.actions.map((a) => a.do === "mark" && a.state).slice(0, 1), ["Ready"])
  assert.ok(!kinds(again.actions).includes("regroup"))
})

test("a missing ENIConfig stops growth and says why, and leaves what it made in service", () => {
  const live = iface("eni-1", { addresses: addresses(3), securityGroups: ["sg-old"] })
  const input = planInput({
    interfaces: [primary, live],
    resolutions: resolutions(refusedWith("ENIConfig/us-west-2a")),
    spec: { demand: [demand({ inUse: 2, waiting: 4 })] },
  })
  const { actions, shortages } = planNode(input)
  assert.deepEqual(actions, [])
  assert.deepEqual(
    shortages.map((s) => [s.waiting, s.error.code]),
    [[3, "placement/eniconfig-missing"]],
  )
})

test("a node bound to another, missing ENIConfig does not go on serving from the former one", () => {
  const live = iface("eni-1", { addresses: addresses(3) })
  const input = planInput({
    interfaces: [primary, live],
    resolutions: resolutions(refusedWith("ENIConfig/other")),
  })
  assert.deepEqual(
    planNode(input).actions.map((a) => a.do === "mark" && a.state),
    ["Draining"],
  )
})

test("what could not be read changes nothing", () => {
  const live = iface("eni-1", {
    addresses: addresses(3),
    securityGroups: ["sg-old"],
    subnetID: "subnet-old",
  })
  const input = planInput({
    interfaces: [primary, live],
    resolutions: resolutions(refusedWith("ENIConfig/other", true)),
  })
  assert.deepEqual(planNode(input).actions, [])
})

const parting = iface("eni-1", { addresses: addresses(10), prefixes: ["100.64.0.32/28"] })
const offered = [
  { interfaceID: "eni-1", address: "100.64.0.10" },
  { interfaceID: "eni-1", prefix: "100.64.0.32/28" },
  { interfaceID: "eni-9", address: "100.64.0.11" },
  { interfaceID: "eni-0" },
]

test("offers are carried out once, by one call an interface", () => {
  const spec = { targets: { warmIP: 5, maxPods: 110 }, offers: offered }
  const { actions } = planNode(planInput({ interfaces: [primary, parting], spec }))
  assert.deepEqual(actions, [
    {
      do: "unassign",
      interfaceID: "eni-1",
      addresses: ["100.64.0.10"],
      prefixes: ["100.64.0.32/28"],
      urgency: "release",
    },
  ])
  const again = planNode(planInput({ interfaces: [primary, parting], spec, inFlight: actions }))
  assert.deepEqual(again.actions, [])
})

test("waiting pods come before offers of the same interface", () => {
  const spec = { ...waiting(15), targets: { warmIP: 1, maxPods: 110 }, offers: offered }
  const { actions } = planNode(planInput({ interfaces: [primary, parting], spec }))
  assert.deepEqual(
    assigns(actions).map((a) => [a.interfaceID, a.addresses]),
    [["eni-1", 7]],
  )
  assert.equal(actions.length, 1)
  const meanwhile = planNode(planInput({ interfaces: [primary, parting], spec, inFlight: actions }))
  assert.deepEqual(meanwhile.actions, [])
})

test("nothing is added to an interface from a give-back until the agent has said that it knows", () => {
  const spec = { ...waiting(30), targets: { warmIP: 1, maxPods: 110 } }
  const unassign: Action = {
    do: "unassign",
    interfaceID: "eni-1",
    addresses: ["100.64.0.10"],
    prefixes: [],
    urgency: "release",
  }
  const during = planNode(
    planInput({
      interfaces: [primary, parting],
      spec: { ...spec, offers: offered.slice(0, 1) },
      inFlight: [unassign],
    }),
  )
  const after = { ...parting, addresses: parting.addresses.slice(1) }
  const until = planNode(
    planInput({ interfaces: [primary, after], spec: { ...spec, offers: offered.slice(0, 1) } }),
  )
  for (const { actions } of [during, until])
    assert.deepEqual([assigns(actions), creates(actions).length], [[], 1])
  const known = planNode(planInput({ interfaces: [primary, after], spec: { ...spec, offers: [] } }))
  assert.deepEqual(kinds(known.actions), ["assign"])
})

test("a whole interface is released once, and its parts with it", () => {
  const live = iface("eni-1", {
    addresses: addresses(29),
    state: "Draining",
    subnetID: "subnet-old",
  })
  const offers = [{ interfaceID: "eni-1", address: "100.64.0.10" }, { interfaceID: "eni-1" }]
  const keep = iface("eni-2", { addresses: addresses(29, 1) })
  const input = { interfaces: [primary, live, keep], spec: { offers } }
  const { actions } = planNode(planInput(input))
  assert.deepEqual(actions, [{ do: "release", interfaceID: "eni-1", urgency: "release" }])
  assert.deepEqual(planNode(planInput({ ...input, inFlight: actions })).actions, [])
})

test("foreign interfaces are never touched", () => {
  const foreign = iface("eni-1", {
    state: "Foreign",
    subnetID: "subnet-x",
    securityGroups: ["sg-x"],
    addresses: addresses(3),
  })
  const keep = iface("eni-2", { addresses: addresses(29, 1) })
  const offers = [{ interfaceID: "eni-1" }, { interfaceID: "eni-1", address: "100.64.0.10" }]
  assert.deepEqual(
    planNode(planInput({ interfaces: [primary, foreign, keep], spec: { offers } })).actions,
    [],
  )
})

test("a cordoned node serves its waiting pods and fills no warm pool, unless told to", () => {
  const input = { unschedulable: true, spec: waiting(2) }
  assert.deepEqual(
    creates(planNode(planInput(input)).actions).map((a) => a.addresses),
    [2],
  )
  const managed = planNode(planInput({ ...input, mode: { manageWhenUnschedulable: true } }))
  assert.deepEqual(
    creates(managed.actions).map((a) => a.addresses),
    [29, 29],
  )
})

test("with provisioning off nothing is asked of EC2, and waiting pods learn it", () => {
  const offers = [{ interfaceID: "eni-1" }]
  const live = iface("eni-1", { addresses: addresses(1), subnetID: "subnet-old" })
  const input = {
    mode: { provisioning: false },
    interfaces: [primary, live],
    spec: { ...waiting(2), offers },
  }
  const { actions, shortages } = planNode(planInput(input))
  assert.deepEqual(kinds(actions), ["mark"])
  assert.deepEqual(
    shortages.map((s) => s.error.code),
    ["ipam/provisioning-off"],
  )
})

test("an unresolved placement gets nothing, and its pods learn it", () => {
  const { actions, shortages } = planNode(planInput({ resolutions: new Map(), spec: waiting(1) }))
  assert.deepEqual(actions, [])
  assert.deepEqual(
    shortages.map((s) => s.error.code),
    ["placement/unreadable"],
  )
})

test("supply stops at what the node can run", () => {
  const spec = { targets: { maxPods: 20 }, demand: [demand({ inUse: 9, waiting: 3 })] }
  const live = iface("eni-1", { addresses: addresses(9) })
  const limits = { interfaces: 8, addressesPerInterface: 10, prefixes: true, defaultNetworkCard: 0 }
  const { actions, shortages } = planNode(planInput({ interfaces: [primary, live], limits, spec }))
  assert.deepEqual(
    creates(actions).map((a) => a.addresses),
    [9, 2],
  )
  assert.deepEqual(shortages, [])
})

const n = (max: number) => fc.nat(max)
const interfaces = fc.array(
  fc.record({
    addresses: n(14),
    prefixes: n(3),
    state: fc.constantFrom("Ready", "Draining", "Attaching", "Releasing", "Foreign"),
    subnetID: fc.constantFrom("subnet-a", "subnet-b", "subnet-old"),
    placement: fc.constantFrom("node", "pool:blue"),
  } as const),
  { maxLength: 5 },
)
const scene: fc.Arbitrary<PlanInput> = fc
  .record({
    interfaces,
    waiting: fc.tuple(n(60), n(20)),
    inUse: n(40),
    free: fc.tuple(n(80), n(80)),
    freePrefixes: fc.option(n(5), { nil: undefined }),
    prefixDelegation: fc.boolean(),
    maxENI: fc.option(fc.integer({ min: -1, max: 9 }), { nil: undefined }),
    warmIP: n(20),
    warmENI: n(2),
  })
  .map((s) => {
    const list = s.interfaces.map(({ addresses: a, prefixes: p, ...more }, i) =>
      iface(`eni-${i + 1}`, {
        ...more,
        addresses: addresses(a, i),
        prefixes: Array.from({ length: p }, (_, k) => `100.64.${100 + i}.${k * 16}/28`),
      }),
    )
    const supply = new Map(
      ["subnet-a", "subnet-b"].map((id, i) => [
        id,
        {
          free: s.free[i] ?? 0,
          ...(s.freePrefixes !== undefined && { freePrefixes: s.freePrefixes }),
        },
      ]),
    )
    return planInput({
      mode: { prefixDelegation: s.prefixDelegation },
      limits: { interfaces: 6, addressesPerInterface: 18, prefixes: true, defaultNetworkCard: 0 },
      interfaces: [primary, ...list],
      supply,
      spec: {
        targets: {
          warmIP: s.warmIP,
          warmENI: s.warmENI,
          maxPods: 60,
          ...(s.maxENI !== undefined && { maxENI: s.maxENI }),
        },
        demand: [
          demand({ inUse: s.inUse, waiting: s.waiting[0] }),
          demand({ placement: "pool:blue", waiting: s.waiting[1] }),
        ],
      },
      resolutions: new Map([
        ["node", resolved(placementOf("node", ["subnet-a"]))],
        ["pool:blue", resolved(placementOf("pool:blue", ["subnet-a", "subnet-b"]))],
      ]),
    })
  })

test("no plan exceeds the type's limits, what subnets have, or the subnets of the placement", () => {
  fc.assert(
    fc.property(scene, (input) => {
      const { actions } = planNode(input)
      const made = creates(actions)
      const { maxENI } = input.spec.targets
      const cap = maxENI !== undefined && maxENI >= 1 ? Math.min(6, maxENI) : 6
      assert.ok(made.length === 0 || input.interfaces.length + made.length <= cap)
      const indexes = [
        ...input.interfaces.map((i) => i.deviceIndex),
        ...made.map((a) => a.deviceIndex),
      ]
      assert.equal(new Set(indexes).size, indexes.length)
      const taken = new Map<string, number>()
      for (const a of [...made, ...assigns(actions)]) {
        assert.ok(a.addresses > 0 !== a.prefixes > 0, "exactly one kind a call")
        const live =
          a.do === "assign" ? input.interfaces.find((i) => i.id === a.interfaceID) : undefined
        const before = (live?.addresses.length ?? 0) + (live?.prefixes.length ?? 0)
        assert.ok(before + a.addresses + a.prefixes <= 17)
        const back = actions.some(
          (m) => m.do === "mark" && m.interfaceID === live?.id && m.state === "Ready",
        )
        assert.ok(
          live === undefined || back || live.state === "Ready" || live.state === "Attaching",
        )
        const listed = input.resolutions.get(a.placement)
        assert.ok(listed?.ok && listed.placement.subnets.some((o) => o.subnet.id === a.subnetID))
        const cost = a.addresses + a.prefixes * 16 + (a.do === "create" ? 1 : 0)
        taken.set(a.subnetID, (taken.get(a.subnetID) ?? 0) + cost)
      }
      for (const [id, count] of taken) assert.ok(count <= (input.supply.get(id)?.free ?? 0))
      const prefixesIn = (id: string) =>
        [...made, ...assigns(actions)].reduce(
          (sum, a) => sum + (a.subnetID === id ? a.prefixes : 0),
          0,
        )
      for (const [id, { freePrefixes }] of input.supply)
        assert.ok(prefixesIn(id) <= (freePrefixes ?? 99))
    }),
    { numRuns: 500 },
  )
})

test("a waiting pod is in the plan or in a shortage, never forgotten", () => {
  fc.assert(
    fc.property(scene, (input) => {
      const { actions, shortages } = planNode(input)
      const marked = new Set(
        actions.flatMap((a) => (a.do === "mark" ? [`${a.interfaceID} ${a.state}`] : [])),
      )
      for (const { placement, waiting: pods, inUse } of input.spec.demand) {
        const listed = input.resolutions.get(placement)
        const serving = input.interfaces.filter(
          (i) =>
            i.placement === placement &&
            !i.primary &&
            (i.state === "Ready" || i.state === "Attaching" || marked.has(`${i.id} Ready`)) &&
            !marked.has(`${i.id} Draining`) &&
            listed?.ok &&
            listed.placement.subnets.some((o) => o.subnet.id === i.subnetID),
        )
        const has = serving.reduce((sum, i) => sum + i.addresses.length + 16 * i.prefixes.length, 0)
        const comes = [...creates(actions), ...assigns(actions)]
          .filter((a) => a.placement === placement)
          .reduce((sum, a) => sum + a.addresses + 16 * a.prefixes, 0)
        const short = shortages.find((s) => s.placement === placement)?.waiting ?? 0
        const drains = input.interfaces.some(
          (i) =>
            i.placement === placement &&
            (marked.has(`${i.id} Draining`) ||
              (i.state === "Draining" && !marked.has(`${i.id} Ready`))),
        )
        // While one drains, its pods are not taken for users of those that are not attached yet.
        const ready = serving.filter((i) => !drains || i.state === "Ready")
        const most = ready.reduce((sum, i) => sum + i.addresses.length + 16 * i.prefixes.length, 0)
        assert.ok(has - Math.min(inUse, most) + comes + short >= pods)
      }
    }),
    { numRuns: 500 },
  )
})

test("more free addresses in a subnet never leave more pods without one", () => {
  fc.assert(
    fc.property(scene, fc.nat(50), (both, more) => {
      // One placement alone: two that share a subnet may gain and lose to each other.
      const demands = both.spec.demand.filter((d) => d.placement === "pool:blue")
      const input = { ...both, spec: { ...both.spec, demand: demands } }
      const lacking = (i: PlanInput) => planNode(i).shortages.reduce((sum, s) => sum + s.waiting, 0)
      const richer = new Map(
        [...input.supply].map(([id, s]) => [id, { ...s, free: s.free + more }]),
      )
      assert.ok(lacking({ ...input, supply: richer }) <= lacking(input))
    }),
    { numRuns: 500 },
  )
})

test("the plan is the same for the same input, and does not change its input", () => {
  fc.assert(
    fc.property(scene, (input) => {
      const copy = structuredClone({
        spec: input.spec,
        interfaces: input.interfaces,
        supply: input.supply,
      })
      assert.deepEqual(planNode(input), planNode(input))
      assert.deepEqual(
        { spec: input.spec, interfaces: input.interfaces, supply: input.supply },
        copy,
      )
    }),
  )
})
