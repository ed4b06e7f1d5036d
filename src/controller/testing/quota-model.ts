import assert from "node:assert/strict"
import type { PlacementDemand, QuotaStatus } from "../../api/nodenetwork.ts"
import { Grants } from "../../ipam/grants.ts"
import { QuotaBook, type QuotaDecision } from "../quota-book.ts"

const placement = "pool:red"
const namespace = "red"

/** A NodeNetwork as the API server has it. */
interface Stored {
  readonly generation: number
  readonly demand: readonly PlacementDemand[]
  readonly quotaTerm: string | undefined
  readonly observedGeneration: number
  readonly quota: QuotaStatus | undefined
}

/** A node's agent: pods, what the API server was told, and what it has seen of it. */
class Agent {
  waiting = new Set<string>()
  held = new Set<string>()
  /** Between the end of one sandbox and the ADD of the next. */
  between = new Set<string>()
  grants = new Grants()
  /** Which version of the record it has seen. */
  seen = 0
}

/** One term: its informer's view, its book, and the statuses it is about to write. */
class Term {
  readonly book: QuotaBook
  readonly #model: QuotaModel
  readonly view: number[]
  readonly known: (QuotaStatus | undefined)[]
  readonly knownGeneration: number[]
  readonly pending = new Map<number, { decision: QuotaDecision; generation: number }>()
  readonly woken = new Set<number>()

  constructor(model: QuotaModel) {
    this.#model = model
    this.book = new QuotaBook({
      random: () => model.names++ / 1e6 + 1e-8,
      quotaOf: () => model.quota,
      wake: (node) => this.woken.add(Number(node)),
    })
    this.view = model.records.map((versions) => versions.length - 1)
    this.known = model.records.map((_, i) => model.now(i).quota)
    this.knownGeneration = model.records.map((_, i) => model.now(i).observedGeneration)
    for (const [i] of model.records.entries()) this.book.load(String(i), this.#facts(i))
  }

  decide(node: number): void {
    if (this.pending.has(node)) return
    const record = this.#model.records[node]?.[this.view[node] ?? 0] as Stored
    const decision = this.book.decide(String(node), this.#facts(node), () => true)
    this.pending.set(node, { decision, generation: record.generation })
  }

  /** The write arrives; it counts only over the status that this term knows. */
  write(node: number): void {
    const write = this.pending.get(node)
    if (!write) return
    this.pending.delete(node)
    const now = this.#model.now(node)
    const isKnown =
      JSON.stringify([now.quota, now.observedGeneration]) ===
      JSON.stringify([this.known[node], this.knownGeneration[node]])
    if (!isKnown) {
      this.known[node] = now.quota
      this.knownGeneration[node] = now.observedGeneration
      this.view[node] = (this.#model.records[node]?.length ?? 1) - 1
      this.book.load(String(node), this.#facts(node))
      return
    }
    const { decision, generation } = write
    this.#model.store(node, { ...now, observedGeneration: generation, quota: decision.status })
    this.known[node] = decision.status
    this.knownGeneration[node] = generation
    this.book.written(String(node), decision.status)
  }

  /** Spec may be out of date; the status is the one that was last written or read. */
  #facts(node: number) {
    const record = (this.#model.records[node] ?? [])[this.view[node] ?? 0] as Stored
    const { demand, quotaTerm } = record
    const spec = { demand: [...demand], ...(quotaTerm && { quotaTerm }) }
    return { spec, interfaces: [], quota: this.known[node] }
  }
}

/**
 * Nodes, agents and terms of controllers that take turns, every message as late as the test likes. `check` holds after
 * every step: the namespace never has more addresses than its quota.
 */
export class QuotaModel {
  quota: number
  readonly records: Stored[][]
  readonly agents: Agent[]
  /** The last one leads. */
  readonly terms: Term[]
  names = 1
  #pods = 0

  constructor(nodes: number, quota: number) {
    this.quota = quota
    const nothing = { demand: [], quotaTerm: undefined, quota: undefined }
    const empty = { generation: 1, observedGeneration: 0, ...nothing }
    this.records = Array.from({ length: nodes }, () => [empty])
    this.agents = Array.from({ length: nodes }, () => new Agent())
    this.terms = [new Term(this)]
  }

  now(node: number): Stored {
    return this.records[node]?.at(-1) as Stored
  }

  store(node: number, record: Stored): void {
    this.records[node]?.push(record)
  }

  /** One of the things that can happen; `n` chooses among its variants. */
  step(what: (typeof steps)[number], node: number, n: number): void {
    const agent = this.agents[node] as Agent
    const term = this.terms.at(-1) as Term
    switch (what) {
      case "addPod":
        // Few pods meet more often in what can go wrong.
        if (agent.waiting.size + agent.held.size < 2) agent.waiting.add(`pod-${this.#pods++}`)
        return
      case "endPod":
        if (!agent.held.delete(pick(agent.held, n))) agent.waiting.delete(pick(agent.waiting, n))
        return
      case "endSandbox": {
        const pod = pick(agent.held, n)
        if (agent.held.delete(pod)) agent.between.add(pod)
        return
      }
      case "newSandbox":
        for (const pod of agent.between) agent.waiting.add(pod)
        agent.between.clear()
        return
      case "assign":
        this.#assign(node, agent)
        return
      case "writeSpec":
        this.#writeSpec(node, agent, true)
        return
      case "loseAnswer":
        this.#writeSpec(node, agent, false)
        return
      case "seeStatus":
        agent.seen = Math.min(agent.seen + 1 + (n % 3), (this.records[node]?.length ?? 1) - 1)
        this.#observe(agent, this.#seenBy(node, agent))
        return
      case "restartAgent":
        agent.grants = new Grants()
        // The first list of a watch shows what is there.
        agent.seen = (this.records[node]?.length ?? 1) - 1
        this.#observe(agent, this.now(node))
        return
      case "seeSpec": {
        const latest = (this.records[node]?.length ?? 1) - 1
        term.view[node] = Math.min(latest, (term.view[node] ?? 0) + 1)
        return
      }
      case "decide":
        term.decide(node)
        return
      case "turn":
        term.view[node] = (this.records[node]?.length ?? 1) - 1
        term.decide(node)
        term.write(node)
        return
      case "write":
        // A former leader decides nothing any more, but what it has sent may still arrive.
        for (const sender of n === 0 ? this.terms : [term]) sender.write(node)
        return
      case "newTerm":
        if (n === 0) this.terms.push(new Term(this))
        return
    }
  }

  check(): void {
    const held = this.agents.reduce((sum, agent) => sum + agent.held.size, 0)
    assert.ok(held <= this.quota, `${held} addresses, and the quota is ${this.quota}`)
  }

  /** Every message arrives, until nothing changes any more. */
  settle(): void {
    const term = this.terms.at(-1) as Term
    for (let round = 0; round < 40; round++) {
      for (const [node, agent] of this.agents.entries()) {
        this.#writeSpec(node, agent, true)
        term.view[node] = (this.records[node]?.length ?? 1) - 1
        term.decide(node)
        term.write(node)
        agent.seen = (this.records[node]?.length ?? 1) - 1
        this.#observe(agent, this.now(node))
        this.#assign(node, agent)
      }
      this.check()
    }
  }

  #assign(node: number, agent: Agent): void {
    const { observedGeneration, quota } = this.#seenBy(node, agent)
    for (const pod of agent.waiting) {
      const status = { observedGeneration, ...(quota && { quota }) }
      if (!agent.grants.admits(pod, status)) continue
      agent.waiting.delete(pod)
      agent.held.add(pod)
    }
  }

  #seenBy(node: number, agent: Agent): Stored {
    return (this.records[node] ?? [])[agent.seen] as Stored
  }

  #writeSpec(node: number, agent: Agent, answered: boolean): void {
    const now = this.now(node)
    const claim = (held: boolean) => (pod: string) => ({ pod, namespace, held })
    const claims = [...[...agent.held].map(claim(true)), ...[...agent.waiting].map(claim(false))]
    const demand = [
      { placement, inUse: agent.held.size, waiting: agent.waiting.size, cooling: 0, claims },
    ]
    const quotaTerm = this.#seenBy(node, agent).quota?.term
    const changed =
      JSON.stringify([demand, quotaTerm]) !== JSON.stringify([now.demand, now.quotaTerm])
    const generation = now.generation + (changed ? 1 : 0)
    if (changed) this.store(node, { ...now, generation, demand, quotaTerm })
    if (!answered) agent.grants.doubt()
    else agent.grants.observe(generation, demand, true)
  }

  #observe(agent: Agent, { generation, demand }: Stored): void {
    agent.grants.observe(generation, demand, false)
  }
}

const pick = (set: ReadonlySet<string>, n: number) => [...set][n % Math.max(1, set.size)] ?? ""

export const steps = [
  ...(["addPod", "endPod", "assign", "writeSpec", "loseAnswer"] as const),
  ...(["seeStatus", "restartAgent", "seeSpec", "decide", "write"] as const),
  ...(["turn", "newTerm", "endSandbox", "newSandbox"] as const),
]
