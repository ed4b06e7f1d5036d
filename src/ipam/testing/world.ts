import assert from "node:assert/strict"
import type { NodeInterface, NodeNetworkSpec, Offer, PlacementKey } from "../../api/nodenetwork.ts"
import type { Resolution } from "../../placement/resolve.ts"
import { formatAddress } from "../../vpc/cidr.ts"
import type { Action, Shortage } from "../actions.ts"
import { demandOf } from "../demand.ts"
import { decideOffers, type OfferDecision } from "../offers.ts"
import { planNode } from "../plan.ts"
import { Pool, type PoolConfig } from "../pool.ts"
import { assertConsistent } from "./consistent.ts"
import { iface, mode, placementOf, primary, resolved } from "./objects.ts"

/** A subnet of 62 usable addresses, in which EC2 hands out the lowest free one: the sharpest case of reuse. */
class ModelSubnet {
  readonly #base: number
  readonly used = new Set<string>()
  constructor(index: number) {
    this.#base = 0x64_40_00_00 + index * 64
  }
  *#free(): Generator<string> {
    for (let i = 1; i < 63; i++) {
      const address = formatAddress(this.#base + i)
      if (!this.used.has(address)) yield address
    }
  }
  free(): number {
    return [...this.#free()].length
  }
  take(count: number): string[] | undefined {
    const taken = [...this.#free().take(count)]
    if (taken.length < count) return undefined
    for (const address of taken) this.used.add(address)
    return taken
  }
}

/**
 * One node: its agent's pool, the controller's plans, EC2, and what each side has seen of the other. Every message may be
 * late, and every action takes as long as the test likes. What must always hold is checked after every step.
 */
export class World {
  readonly config: PoolConfig = {
    customNetworking: true,
    prefixDelegation: false,
    cooldownMs: 30_000,
  }
  readonly limits = {
    interfaces: 4,
    addressesPerInterface: 8,
    prefixes: true,
    defaultNetworkCard: 0,
  }
  readonly subnets = new Map(["subnet-a", "subnet-b"].map((id, i) => [id, new ModelSubnet(i)]))
  now = 0
  pool = new Pool(this.config)
  /** Pods that want an address, and those that have one. */
  readonly waiting = new Map<string, PlacementKey>()
  readonly running = new Set<string>()
  /** EC2's truth, with what the controller adds to it: the next status. */
  interfaces: NodeInterface[] = [primary]
  inFlight: { action: Action; done: boolean }[] = []
  /** What the controller has seen of spec, and the agent of status. */
  spec: NodeNetworkSpec
  #memory: OfferDecision["memory"] = new Map()
  /** What the last plan could not get. */
  #shortages: readonly Shortage[] = []
  #nextID = 1
  #subnetOfNode = "subnet-a"
  calls = 0

  constructor() {
    this.spec = this.#writeSpec()
    this.seeStatus()
  }

  addPod(name: string, placement: PlacementKey): void {
    if (!this.running.has(name)) this.waiting.set(name, placement)
  }

  startPods(): void {
    for (const [name, placement] of this.waiting) {
      const pod = { namespace: "shop", name }
      const result = this.pool.assign({ key: keyOf(name), pod, placement }, this.now)
      if (result.kind === "wait") continue
      this.waiting.delete(name)
      this.running.add(name)
      const facts = this.interfaces.find((i) => i.id === result.held.interfaceID)
      assert.ok(
        facts?.addresses.includes(result.held.address),
        "EC2 has the address on that interface",
      )
    }
  }

  deletePod(name: string): void {
    this.waiting.delete(name)
    this.running.delete(name)
    this.pool.release(keyOf(name), this.now)
  }

  /** The agent restarts with its journal. */
  crashAgent(): void {
    const memory = {
      held: [...this.pool.held()],
      cooling: [...this.pool.cooling()],
      offers: this.pool.offers(),
    }
    this.pool = new Pool(this.config, memory)
    this.#memory = new Map()
    this.seeStatus()
  }

  seeStatus(): void {
    const { lost } = this.pool.adopt(structuredClone(this.interfaces), this.now)
    assert.deepEqual(lost, [], "an address vanished under a pod")
    for (const { id } of this.interfaces) this.pool.setOpen(id, true)
  }

  /** The agent decides what to give back, and writes its spec; the controller sees it later. */
  offer(): void {
    const { pool, now } = this
    const { targets } = this.spec
    const waiting = this.#counts()
    const told = this.#shortages.filter((s) => s.error.code === "ipam/no-interface-slot")
    const noSlot = new Set(told.map((s) => s.placement))
    const input = { pool, targets, waiting, limits: this.limits, noSlot, memory: this.#memory, now }
    const decision = decideOffers({
      ...input,
      times: { shrinkDelayMs: 1000, minInterfaceAgeMs: 0 },
    })
    this.#memory = decision.memory
    pool.offer(decision.offers, now)
  }

  publishSpec(): void {
    this.spec = this.#writeSpec()
  }

  moveNodeTo(subnet: string): void {
    this.#subnetOfNode = subnet
  }

  resolutions(): Map<PlacementKey, Resolution> {
    return new Map([
      ["node", resolved(placementOf("node", [this.#subnetOfNode]))],
      ["pool:blue", resolved(placementOf("pool:blue", ["subnet-b"]))],
    ])
  }

  plan() {
    const supply = new Map(
      [...this.subnets].map(([id, subnet]) => [id, { free: this.#freeIn(id, subnet) }]),
    )
    return planNode({
      node: "node-1",
      spec: this.spec,
      limits: this.limits,
      interfaces: this.interfaces,
      inFlight: this.inFlight.map((entry) => entry.action),
      resolutions: this.resolutions(),
      supply,
      unschedulable: false,
      now: this.now,
    })
  }

  /** The controller plans and starts its calls; marks and groups are at once. */
  startPlan(): number {
    const { actions, shortages } = this.plan()
    this.#shortages = shortages
    for (const action of actions) {
      if (action.do === "mark") this.#change(action.interfaceID, { state: action.state })
      else this.inFlight.push({ action, done: false })
    }
    return actions.length
  }

  /** EC2 answers one call: any of those that are the oldest of their interface. */
  finish(choice: number): void {
    const seen = new Set<string>()
    const ready = this.inFlight.filter(({ action }) => {
      const id = "interfaceID" in action ? action.interfaceID : `new ${action.deviceIndex}`
      return !seen.has(id) && seen.add(id)
    })
    const entry = ready[choice % Math.max(1, ready.length)]
    if (entry === undefined) return
    this.inFlight = this.inFlight.filter((other) => other !== entry)
    this.calls++
    this.#carryOut(entry.action)
  }

  check(): void {
    assertConsistent(this.pool)
    const owners = new Map<string, string>()
    for (const { id, addresses } of this.interfaces) {
      for (const address of addresses) {
        assert.ok(!owners.has(address))
        owners.set(address, id)
      }
      assert.ok(
        addresses.length < this.limits.addressesPerInterface,
        "too many addresses on an interface",
      )
    }
    for (const held of this.pool.held()) {
      assert.equal(
        owners.get(held.address),
        held.interfaceID,
        `${held.address} is gone under a pod`,
      )
    }
    assert.ok(this.interfaces.length <= this.limits.interfaces, "too many interfaces")
    const indexes = this.interfaces.map((i) => i.deviceIndex)
    assert.equal(new Set(indexes).size, indexes.length)
  }

  #carryOut(action: Action): void {
    const id = "interfaceID" in action ? action.interfaceID : undefined
    const live = this.interfaces.find((i) => i.id === id)
    switch (action.do) {
      case "create": {
        const taken = this.subnets.get(action.subnetID)?.take(action.addresses + 1)
        assert.ok(taken, "a subnet was asked for more than it had")
        const [own = "", ...addresses] = taken
        const { subnetID, placement, deviceIndex } = action
        const made = { subnetID, placement, deviceIndex, primaryAddress: own, addresses }
        this.interfaces.push(iface(`eni-${this.#nextID++}`, made))
        return
      }
      case "assign": {
        if (live === undefined) return
        const taken = this.subnets.get(action.subnetID)?.take(action.addresses)
        assert.ok(taken, "a subnet was asked for more than it had")
        this.#change(live.id, { addresses: [...live.addresses, ...taken] })
        return
      }
      case "unassign":
        if (live !== undefined) this.#takeAway(live, action.addresses)
        return
      case "release": {
        if (live === undefined) return
        this.#takeAway(live, live.addresses)
        this.subnets.get(live.subnetID)?.used.delete(live.primaryAddress)
        this.interfaces = this.interfaces.filter((i) => i.id !== live.id)
        return
      }
      default:
        return
    }
  }

  #takeAway(live: NodeInterface, addresses: readonly string[]): void {
    const cooling = new Set(
      [...this.pool.cooling()].filter((c) => c.until > this.now).map((c) => c.address),
    )
    const held = new Set([...this.pool.held()].map((h) => h.address))
    for (const address of addresses) {
      assert.ok(!held.has(address), `${address} is unassigned under a pod`)
      assert.ok(!cooling.has(address), `${address} is unassigned while it cools down`)
      this.subnets.get(live.subnetID)?.used.delete(address)
    }
    this.#change(live.id, { addresses: live.addresses.filter((a) => !addresses.includes(a)) })
  }

  #change(id: string, change: Partial<NodeInterface>): void {
    this.interfaces = this.interfaces.map((i) => (i.id === id ? { ...i, ...change } : i))
  }

  /** What the ledger says: EC2's count less what calls in flight will take. */
  #freeIn(id: string, subnet: ModelSubnet): number {
    const promised = this.inFlight.reduce((sum, { action }) => {
      if (action.do !== "create" && action.do !== "assign") return sum
      return action.subnetID === id
        ? sum + action.addresses + (action.do === "create" ? 1 : 0)
        : sum
    }, 0)
    return subnet.free() - promised
  }

  #counts(): Map<PlacementKey, number> {
    const counts = new Map<PlacementKey, number>()
    for (const placement of this.waiting.values())
      counts.set(placement, (counts.get(placement) ?? 0) + 1)
    return counts
  }

  #writeSpec(): NodeNetworkSpec {
    const offers: Offer[] = this.pool.offers()
    const demand = demandOf(this.pool, this.#counts())
    return { instanceID: "i-1", mode, targets: { warmIP: 2, maxPods: 20 }, demand, offers }
  }
}

const keyOf = (name: string) => ({ network: "aws-cni", containerID: name, ifName: "eth0" })
