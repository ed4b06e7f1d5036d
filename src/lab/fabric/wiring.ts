import { spawnSync } from "node:child_process"
import type { Kernel, NetNamespace, Route } from "../../kernel/kernel.ts"
import type { Logger } from "../../log.ts"
import { farEndOf } from "./far-end.ts"
import { planInterface, routeChanges, routesOf } from "./plan-interface.ts"
import {
  emptyRouting,
  planRouting,
  type RoutingPlan,
  routingChanges,
  withoutLink,
} from "./plan-routing.ts"
import { emptyRuleSet, type RuleSet, ruleSetChanges } from "./rule-set.ts"
import { fabricTable, vpcRules } from "./vpc-rules.ts"
import type { FabricInterface, VpcView } from "./vpc-view.ts"

export interface WiringOptions {
  readonly kernel: Kernel
  /** The fabric's namespace. */
  readonly fabric: NetNamespace
  readonly logger: Logger
}

interface Wire {
  readonly eni: FabricInterface
  /** What is routed to it, by destination. */
  routes: ReadonlyMap<string, Route>
}

/** Linux numbers of the subnets' route tables, which are their packet marks as well. */
const firstTable = 1000

/**
 * What has been made in the fabric's namespace, and how to make it equal to a view. Every `apply` goes on from what is
 * there, so it may be repeated after a failure; its cost is one dump of links plus what has changed.
 */
export class Wiring {
  readonly #options: WiringOptions
  readonly #wires = new Map<string, Wire>()
  readonly #tables = new Map<string, number>()
  #routing: RoutingPlan = emptyRouting
  #rules: RuleSet = emptyRuleSet

  constructor(options: WiringOptions) {
    this.#options = options
  }

  has(eniId: string): boolean {
    return this.#wires.has(eniId)
  }

  /** `namespaces`: paths by instance id. `view.interfaces` are those that should exist now. */
  async apply(view: VpcView, namespaces: ReadonlyMap<string, string>): Promise<void> {
    const wanted = new Map(view.interfaces.map((eni) => [eni.id, eni]))
    await this.#unwire(wanted)
    for (const eni of wanted.values()) {
      const namespace = namespaces.get(eni.instanceId)
      if (!this.#wires.has(eni.id) && namespace !== undefined) this.#wire(view, eni, namespace)
    }
    this.#route({ ...view, interfaces: view.interfaces.filter((eni) => this.has(eni.id)) })
    await this.#filter({ ...view, interfaces: view.interfaces.filter((eni) => this.has(eni.id)) })
  }

  /** A link that is gone without us, because its node's namespace ended, has taken its routes along. */
  async #unwire(wanted: ReadonlyMap<string, FabricInterface>): Promise<void> {
    const present = new Set(this.#options.fabric.links().map((link) => link.name))
    const doomed: string[] = []
    for (const [id, wire] of this.#wires) {
      const now = wanted.get(id)
      const exists = present.has(farEndOf(id))
      if (exists && now && samePlug(now, wire.eni)) continue
      this.#wires.delete(id)
      this.#routing = withoutLink(this.#routing, farEndOf(id))
      if (exists) doomed.push(farEndOf(id))
    }
    if (doomed.length > 0) await this.#options.fabric.removeLinks(doomed)
  }

  /** One node that cannot be wired must not keep the others from it: it is tried again with the next change. */
  #wire(view: VpcView, eni: FabricInterface, path: string): void {
    const { kernel, fabric, logger } = this.#options
    const subnet = view.subnets.find((s) => s.id === eni.subnetId)
    using node = subnet && kernel.open(path)
    if (!subnet || !node) return
    const plan = planInterface(eni, subnet, node)
    using undo = new DisposableStack()
    undo.defer(() => fabric.apply([{ do: "removeLink", name: farEndOf(eni.id) }]))
    try {
      fabric.apply(plan.fabric)
      answerArpAtOnce(fabric, farEndOf(eni.id))
      node.apply(plan.node)
      this.#wires.set(eni.id, { eni, routes: new Map() })
      undo.move()
    } catch (error) {
      logger.warn("ENI not wired", { eni: eni.id, instance: eni.instanceId, error: String(error) })
    }
  }

  #route(view: VpcView): void {
    const { fabric } = this.#options
    const wired = new Set(view.interfaces.map((eni) => eni.id))
    const plan = planRouting(view, (subnet) => this.#tableOf(subnet), wired)
    const moves = view.interfaces.map((eni) => {
      const routes = routesOf(eni)
      const before = this.#wires.get(eni.id)?.routes ?? new Map<string, Route>()
      return { id: eni.id, routes, ...routeChanges(before, routes) }
    })
    // Half-done work is done again: what was put before a failure may be put twice.
    fabric.apply(moves.flatMap((move) => move.remove))
    fabric.apply([...moves.flatMap((move) => move.put), ...routingChanges(this.#routing, plan)])
    for (const { id, routes } of moves) {
      const wire = this.#wires.get(id)
      if (wire) wire.routes = routes
    }
    this.#routing = plan
  }

  async #filter(view: VpcView): Promise<void> {
    const rules = vpcRules(view, (subnet) => this.#tableOf(subnet))
    const script = ruleSetChanges(fabricTable, this.#rules, rules)
    if (script === "") return
    await this.#options.fabric.nft(script)
    this.#rules = rules
  }

  #tableOf(subnetId: string): number {
    const known = this.#tables.get(subnetId)
    if (known !== undefined) return known
    const table = firstTable + this.#tables.size
    this.#tables.set(subnetId, table)
    return table
  }
}

/** Whether it is still the same attachment, to be changed in place. */
const samePlug = (a: FabricInterface, b: FabricInterface) =>
  a.instanceId === b.instanceId && a.deviceIndex === b.deviceIndex && a.mac === b.mac

/**
 * The kernel hides neigh/proxy_delay from user namespaces, but not its netlink twin (RTM_SETNEIGHTBL). Without `ip` the
 * first packet to a neighbour waits up to 0.8 s.
 */
function answerArpAtOnce(fabric: NetNamespace, link: string): void {
  if (fabric.sysctl(`net.ipv4.neigh.${link}.proxy_delay`) !== undefined) return
  const [program = "", ...args] = `ip ntable change name arp_cache dev ${link} proxy_delay 0`.split(
    " ",
  )
  fabric.enter(() => spawnSync(program, args, { stdio: "ignore" }))
}
