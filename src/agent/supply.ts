import { isDeepStrictEqual } from "node:util"
import type {
  NodeNetwork,
  NodeNetworkSpec,
  NodeNetworkStatus,
  PlacementKey,
} from "../api/nodenetwork.ts"
import { demandOf } from "../ipam/demand.ts"
import { decideOffers, defaultOfferTimes, type OfferDecision } from "../ipam/offers.ts"
import type { AssignRequest, PoolShortage } from "../ipam/pool.ts"
import type { EventRecorder } from "../kube/event-recorder.ts"
import type { AddressBook } from "./address-book.ts"
import type { AgentMetrics } from "./agent-metrics.ts"
import { Alarm } from "./alarm.ts"
import { AnswerWatch } from "./answer-watch.ts"
import { asPlaced } from "./as-placed.ts"
import type { AgentConfig } from "./config.ts"
import type { InterfaceKeeper } from "./interface-keeper.ts"
import type { LastKnownFile } from "./last-known.ts"
import type { KubeDeps, NodeObjects } from "./node-objects.ts"
import type { PodPlacements } from "./pod-placements.ts"
import { type Outlook, PodReasons } from "./pod-reasons.ts"
import { QuotaGate } from "./quota-gate.ts"
import { followsNode, isRebound } from "./rebinding.ts"
import { type Refusal, settingUp, shortageReason } from "./shortage-reason.ts"
import { SpecWriter } from "./spec-writer.ts"
import { StatusGate, samePlacementMode } from "./status-gate.ts"
import { StickyAddresses } from "./sticky-addresses.ts"
import { countWaiting, type WaitingPods, waitingPods } from "./waiting-pods.ts"

export interface SupplyOptions extends KubeDeps {
  config: AgentConfig
  book: AddressBook
  keeper: InterfaceKeeper
  objects: NodeObjects
  placements: PodPlacements
  lastKnown: LastKnownFile
  events: EventRecorder
  metrics: AgentMetrics
  /** Told of every status that is accepted. */
  accepted: (status: NodeNetworkStatus) => void
}

/**
 * The agent's half of NodeNetwork: states demand in spec, and takes what status grants into the pool. It starts from
 * what was last known, so that a node goes on while the API or the controller is away.
 */
export class Supply {
  readonly quotas: QuotaGate
  readonly sticky: StickyAddresses
  readonly #o: SupplyOptions
  readonly #writer: SpecWriter
  readonly #reasons: PodReasons
  readonly #gate: StatusGate
  readonly #answers: AnswerWatch
  #status: NodeNetworkStatus | undefined
  #waiting: WaitingPods = { byPlacement: new Map(), others: new Map(), refused: [] }
  #patience: OfferDecision["memory"] = new Map()
  readonly #alarm: Alarm

  constructor(o: SupplyOptions) {
    this.#o = o
    this.#reasons = new PodReasons(o.events, o.clock)
    this.#gate = new StatusGate(o.config.mode)
    this.#answers = new AnswerWatch(o.clock)
    const status = () => this.#status
    this.quotas = new QuotaGate({ ...o, status })
    this.sticky = new StickyAddresses({ ...o, status })
    const { mode } = o.lastKnown.value
    if (mode && samePlacementMode(mode, o.config.mode)) this.#gate.trust()
    this.#alarm = new Alarm(o.clock, () => this.changed())
    o.signal.addEventListener("abort", () => this.#alarm[Symbol.dispose](), { once: true })
    this.#writer = new SpecWriter({
      ...o,
      nodeName: o.config.nodeName,
      build: () => this.#build(),
      owner: () => knownOf(o.objects.node.get(o.config.nodeName)),
      written: (object) => this.#observe(object, true),
      failed: () => this.quotas.doubt(),
    })
    o.objects.nodeNetwork.onChange(({ object }) => {
      this.#writer.observe(object)
      this.#answers.observe(object)
      if (object) this.#observe(object)
    })
    o.objects.node.onChange(() => {
      // What was read before the node could not be told from the record of another instance.
      const read = knownOf(o.objects.nodeNetwork.get(o.config.nodeName))
      if (read) this.#observe(read)
      o.book.wake()
      this.changed()
    })
    o.objects.pods.onChange(() => this.changed())
    o.placements.onChange(() => {
      o.book.wake()
      this.changed()
    })
    for (const informer of Object.values(o.objects)) {
      informer.synced().then(
        () => this.changed(),
        () => {},
      )
    }
  }

  /** Goes on with what was last known, if the API has not said anything newer yet. */
  start(): void {
    const { lastKnown, config } = this.#o
    const { mode, status } = lastKnown.value
    if (this.#status || !status || !mode || !samePlacementMode(mode, config.mode)) return
    this.#o.log.info("starting from what was last known: the API has not answered yet")
    this.#accept(status)
  }

  /** Ends with the signal. */
  get done(): Promise<void> {
    return this.#writer.done
  }

  get status(): NodeNetworkStatus | undefined {
    return this.#status
  }

  /** As of the last look, a moment after every change. */
  get waiting(): WaitingPods {
    return this.#waiting
  }

  /** Pods, addresses or offers changed. */
  changed(): void {
    this.#writer.changed()
  }

  /** True from the moment the node is bound anew until the controller has answered for the new binding. */
  held(placement: string): boolean {
    const { config, objects } = this.#o
    const node = knownOf(objects.node.get(config.nodeName))
    if (!node || !this.#status || !followsNode(placement)) return false
    return isRebound(node, config.mode, this.#status)
  }

  /** Why a placement has no free address. */
  refusal(placement: string, shortage: PoolShortage): Refusal {
    const { config, objects, keeper, book } = this.#o
    if (this.held(placement)) return boundAnew
    const read = objects.nodeNetwork.get(config.nodeName)
    return shortageReason({
      node: config.nodeName,
      placement,
      shortage,
      status: this.#status,
      unreadable: !this.#status && read.state === "unsynced" ? read.why : undefined,
      problems: keeper.problems(),
      provisioning: config.mode.provisioning,
      unanswered: this.#answers.isLate,
      makingWay: book.pool.interfaces().some((iface) => iface.offered),
    })
  }

  /** Why a pod has no address. A placement that can serve nobody comes before a quota. */
  refusalFor(
    { placement, pod }: Pick<AssignRequest, "placement" | "pod">,
    shortage: PoolShortage,
  ): Refusal {
    const refusal = this.refusal(placement, shortage)
    const quota = !refusal.final && !this.held(placement)
    return quota && this.quotas.withholds({ placement, pod }) ? this.quotas.reason(pod) : refusal
  }

  /** How many waiting pods of each placement could be served if there were addresses. */
  servable(): Map<PlacementKey, number> {
    const { pool } = this.#o.book
    return countWaiting(this.#waiting, (w) => !pool.keeps(w.pod) && !this.quotas.withholds(w))
  }

  #observe(object: NodeNetwork, answered = false): void {
    if (this.quotas.observe(object, answered)) this.#o.book.wake()
    if (!object.status || !this.#gate.admits(object, this.#instanceID())) return
    const { status } = object
    // Most updates are echoes of our own writes to spec.
    if (isDeepStrictEqual(status, this.#status)) return
    this.#o.lastKnown.remember({ mode: this.#o.config.mode, status })
    // At once: without it an agent that is killed now would wait for the controller when it is back.
    this.#o.lastKnown.flush()
    this.#accept(status)
  }

  #accept(status: NodeNetworkStatus): void {
    const { book, keeper, log, metrics, accepted } = this.#o
    this.#status = status
    const { added, removed, lost, regained } = book.adopt(asPlaced(status))
    if (added.length + removed.length > 0) log.info("interfaces changed", { added, removed })
    metrics.awscni_reconcile_count.add(added.length, { fn: "eniReconcileAdd" })
    metrics.awscni_reconcile_count.add(removed.length, { fn: "eniReconcileDel" })
    metrics.awscni_force_removed_ips.add(lost.length)
    for (const { pod, address } of lost)
      log.error("a pod's address is no longer on any interface", { pod, address })
    if (regained.length > 0) log.info("addresses are back", { count: regained.length })
    keeper.update(status.interfaces)
    // Refusals may have changed although nothing was added.
    book.wake()
    accepted(status)
    this.changed()
  }

  /** Undefined until node, pods and NodeNetwork are read: demand that is guessed would be acted on. */
  async #build(): Promise<NodeNetworkSpec | undefined> {
    const { objects, config, book, placements } = this.#o
    const node = knownOf(objects.node.get(config.nodeName))
    const unread = [objects.pods, objects.nodeNetwork].some((i) => i.state === "starting")
    const instanceID = this.#instanceID()
    if (!node || unread || !instanceID) return undefined
    this.#waiting = await waitingPods(objects, book, placements)
    const waiting = countWaiting(this.#waiting, ({ pod }) => !book.pool.keeps(pod))
    const targets = { ...config.targets, maxPods: Number(node.status?.capacity?.["pods"] ?? 110) }
    this.#alarm.clear()
    // First what makes way for waiting pods: they are told what is left of their trouble then.
    this.#alarm.set(await this.#offer(targets))
    this.#alarm.set(this.#tellPods())
    const { mode } = config
    const { pool } = book
    pool.expire(this.#o.clock.now())
    // Told once, when the last has cooled down: until then the controller takes none of them for free.
    const cooled = Math.max(0, ...pool.cooling().map(({ until }) => until))
    if (cooled > 0) this.#alarm.set(cooled)
    const demand = demandOf(pool, waiting, this.quotas.claims(this.#waiting))
    const quotaTerm = this.#status?.quota?.term
    const sticky = this.sticky.list()
    return {
      ...{ instanceID, mode, targets, demand },
      ...(quotaTerm === undefined ? {} : { quotaTerm }),
      ...(sticky.length === 0 ? {} : { sticky }),
      offers: pool.offers(),
    }
  }

  #instanceID(): string | undefined {
    const node = knownOf(this.#o.objects.node.get(this.#o.config.nodeName))
    return /[^/]+$/.exec(node?.spec?.providerID ?? "")?.[0]
  }

  #tellPods(): number | undefined {
    const { config, keeper, book } = this.#o
    const { pool } = book
    const outlookOf = (key: PlacementKey): Outlook => {
      const serving = [...pool.interfaces()].filter(
        (iface) => iface.facts.placement === key && pool.serves(iface) && !this.held(key),
      )
      const freeOn = (open: boolean) =>
        serving.reduce((sum, iface) => sum + (iface.open === open ? iface.free : 0), 0)
      return {
        ready: freeOn(true),
        coming: freeOn(false),
        comingReason: settingUp(config.nodeName, keeper.problems()),
        reason: this.refusal(key, pool.shortage(key)),
      }
    }
    return this.#reasons.tell(this.#waiting, outlookOf, (placement, { metadata }) => {
      const pod = { namespace: metadata.namespace ?? "", name: metadata.name }
      if (!this.quotas.withholds({ placement, pod })) return undefined
      return this.refusalFor({ placement, pod }, book.pool.shortage(placement))
    })
  }

  async #offer(targets: NodeNetworkSpec["targets"]) {
    const { book, config, clock } = this.#o
    if (!config.mode.provisioning || !this.#status) return undefined
    const { limits, placements } = this.#status
    const noSlot = placements.filter((p) => p.code === "ipam/no-interface-slot")
    const decision = decideOffers({
      pool: book.pool,
      targets,
      waiting: this.servable(),
      limits,
      noSlot: new Set(noSlot.map((p) => p.placement)),
      memory: this.#patience,
      times: defaultOfferTimes,
      now: clock.now(),
    })
    this.#patience = decision.memory
    await book.offer(decision.offers)
    return decision.nextAt
  }
}

const boundAnew: Refusal = {
  final: false,
  refused: false,
  why: "the node was bound to another placement and the controller has not answered for it yet",
  hint: "It takes a moment; if it lasts, look at the controller (kubectl logs -n kube-system deploy/berth-controller).",
}

const knownOf = <T>(lookup: { state: string; object?: T }): T | undefined => lookup.object
