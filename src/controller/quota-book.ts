import type {
  NodeInterface,
  NodeNetworkSpec,
  PlacementKey,
  QuotaDenial,
  QuotaStatus,
} from "../api/nodenetwork.ts"
import { fail } from "../errors/catalogue.ts"
import { parsePlacementKey } from "../placement/placement.ts"

export interface QuotaBookOptions {
  /** 0 <= x < 1: names the term. */
  readonly random: () => number
  /** `spec.quotaPerNamespace` of a pool; undefined without one. */
  readonly quotaOf: (pool: string) => number | undefined
  /** There is room for a pod that waits on the node. */
  readonly wake: (node: string) => void
}

/** What of a node's record concerns quotas. */
export interface QuotaFacts {
  readonly spec: Pick<NodeNetworkSpec, "demand" | "quotaTerm">
  readonly interfaces: readonly NodeInterface[]
  readonly quota: QuotaStatus | undefined
  /** The Node object is gone: nobody grants anything there any more. */
  readonly departed?: boolean
}

export interface QuotaDecision {
  /** For the node's status; undefined where no quota applies. */
  readonly status: QuotaStatus | undefined
  /** Pods of each placement that may not have an address yet: nothing is asked of EC2 for them. */
  readonly denied: ReadonlyMap<PlacementKey, number>
}

/** What one namespace has of a pool. */
export interface NamespaceUse {
  readonly addresses: number
  readonly waiting: number
}

interface Claim {
  readonly placement: PlacementKey
  readonly pool: string
  readonly namespace: string
  readonly pod: string
  readonly held: boolean
}

interface Entry {
  readonly claims: readonly Claim[]
  readonly granted: ReadonlySet<string>
  /**
   * Granted by a former term, which may have taken it back since, and not by this one yet. The agent may act on it until
   * it has seen a status of this term, so it counts.
   */
  readonly withdrawn: ReadonlySet<string>
  /** Pools of which the node may have addresses that it does not account for pod by pod. */
  readonly vague: ReadonlySet<string>
  /** This term has written the record, so no former one can add to it. */
  readonly ours: boolean
}

/**
 * The quotas of all SubnetPools, over all nodes: which waiting pods may take an address. Pods are granted one by one, in
 * the node's status, and an agent gives no address of such a pool without. What counts is what is held or granted, and
 * a grant ends only when the agent no longer claims it, so a namespace cannot exceed its quota however late messages
 * are. Nothing is granted of a pool while any node that has to do with it is not accounted for: its agent does not
 * heed the quota yet, or this term has not written its name there, and a former leader's last write may still arrive.
 * Costs a walk over a node's claims.
 */
export class QuotaBook {
  readonly #o: QuotaBookOptions
  readonly #entries = new Map<string, Entry>()
  /** Addresses held or granted, by pool and namespace. */
  readonly #used = new Map<string, number>()
  /** Nodes with pods that are denied, by pool and namespace; who came first is served first. */
  readonly #lines = new Map<string, Set<string>>()
  /** Nodes that are not accounted for, by pool. */
  readonly #unaccounted = new Map<string, Set<string>>()
  readonly #term: string

  constructor(o: QuotaBookOptions) {
    this.#o = o
    this.#term = o.random().toString(36).slice(2)
  }

  /** Takes in a record as another term has left it. */
  load(node: string, facts: QuotaFacts): void {
    const { granted = [], withdrawn = [] } = this.#entries.get(node) ?? {}
    const { quota } = facts
    const written = [...(quota?.granted ?? []), ...(quota?.withdrawn ?? [])]
    const found = new Set([...granted, ...withdrawn, ...written])
    this.#put(node, this.#entryOf(facts, new Set(), found))
  }

  /**
   * Decides which waiting pods of a node may take an address. Where the placement cannot serve none is granted that was
   * not before: it would keep from others what it has no use for.
   */
  decide(
    node: string,
    facts: QuotaFacts,
    canServe: (placement: PlacementKey) => boolean,
  ): QuotaDecision {
    if (!this.#entries.has(node)) this.load(node, facts)
    const known = this.#entries.get(node)
    const before = this.#entryOf(facts, known?.granted, known?.withdrawn)
    this.#put(node, before)
    const granted = new Set(before.granted)
    const withdrawn = new Set(before.withdrawn)
    const denied = new Map<string, { claim: Claim; pods: string[] }>()
    const deniedAt = new Map<PlacementKey, number>()
    for (const claim of before.claims) {
      if (claim.held || granted.has(claim.pod) || !canServe(claim.placement)) continue
      const key = lineOf(claim)
      const counts = withdrawn.has(claim.pod)
      if (this.#hasRoom(claim, node, counts)) {
        granted.add(claim.pod)
        if (!withdrawn.delete(claim.pod)) this.#add(key, 1)
        continue
      }
      const list = denied.get(key) ?? { claim, pods: [] }
      denied.set(key, { claim, pods: [...list.pods, claim.pod] })
      deniedAt.set(claim.placement, (deniedAt.get(claim.placement) ?? 0) + 1)
    }
    this.#entries.set(node, { ...before, granted, withdrawn })
    this.#stand(node, new Set(denied.keys()))
    const applies = [...poolsOf(before)].some((pool) => this.#o.quotaOf(pool) !== undefined)
    const denials = [...denied.values()].map(({ claim, pods }) => this.#denial(node, claim, pods))
    const status = {
      ...{ term: this.#term, granted: [...granted].sort(), withdrawn: [...withdrawn].sort() },
      denied: denials,
    }
    return { status: applies ? status : undefined, denied: deniedAt }
  }

  /** The node's status was written with this. */
  written(node: string, quota: QuotaStatus | undefined): void {
    const entry = this.#entries.get(node)
    if (entry) this.#put(node, { ...entry, ours: quota?.term === this.#term })
  }

  /** The node's record is gone, and with it its pods. */
  forget(node: string): void {
    this.#put(node, undefined)
    this.#stand(node, new Set())
    this.#entries.delete(node)
  }

  /** What the namespaces have of a pool, by name. */
  useOf(pool: string): Map<string, NamespaceUse> {
    const use = new Map<string, NamespaceUse>()
    for (const entry of this.#entries.values()) {
      const counting = new Set(counted(entry))
      for (const claim of entry.claims) {
        if (claim.pool !== pool) continue
        const { addresses, waiting } = use.get(claim.namespace) ?? { addresses: 0, waiting: 0 }
        const has = counting.has(claim)
        use.set(claim.namespace, {
          addresses: addresses + (has ? 1 : 0),
          waiting: waiting + (claim.held ? 0 : 1),
        })
      }
    }
    return use
  }

  #entryOf(
    { spec, interfaces, quota, departed = false }: QuotaFacts,
    granted: ReadonlySet<string> = new Set(),
    withdrawn: ReadonlySet<string> = new Set(),
  ): Entry {
    const claims = spec.demand.flatMap(({ placement, claims: list }): Claim[] => {
      const pool = parsePlacementKey(placement)?.pool
      return pool === undefined ? [] : (list ?? []).map((claim) => ({ ...claim, placement, pool }))
    })
    const waiting = new Set(claims.filter((c) => !c.held).map((c) => c.pod))
    return {
      claims,
      granted: granted.intersection(waiting),
      withdrawn: spec.quotaTerm === this.#term ? new Set() : withdrawn.intersection(waiting),
      vague: departed ? new Set() : vaguePools(spec, interfaces),
      ours: departed || quota?.term === this.#term,
    }
  }

  #hasRoom(claim: Claim, node: string, counts: boolean): boolean {
    const quota = this.#o.quotaOf(claim.pool)
    if (quota === undefined) return true
    if (this.#uncounted(claim.pool, node).length > 0) return false
    return (this.#used.get(lineOf(claim)) ?? 0) - (counts ? 1 : 0) < quota
  }

  /** Nodes that are not accounted for; the one decided on is, for its grants go over its own record or nowhere. */
  #uncounted(pool: string, decided: string): string[] {
    const nodes = [...(this.#unaccounted.get(pool) ?? [])]
    return nodes.filter((node) => node !== decided || this.#entries.get(node)?.vague.has(pool))
  }

  #denial(node: string, { pool, namespace }: Claim, pods: string[]): QuotaDenial {
    const quota = this.#o.quotaOf(pool) ?? 0
    const used = this.#used.get(`${pool} ${namespace}`) ?? 0
    const error =
      used >= quota
        ? fail("ipam/quota-reached", { pool, namespace, used, quota })
        : fail("ipam/quota-uncounted", { pool, nodes: this.#uncounted(pool, node) })
    const { code, message, hint } = error
    return { pool, namespace, pods, code, message, hint }
  }

  #put(node: string, entry: Entry | undefined): void {
    const before = this.#entries.get(node)
    for (const claim of counted(before)) this.#add(lineOf(claim), -1)
    for (const claim of counted(entry)) this.#add(lineOf(claim), 1)
    for (const nodes of this.#unaccounted.values()) nodes.delete(node)
    for (const pool of poolsOf(entry)) {
      if (entry?.ours === true && !entry.vague.has(pool)) continue
      const nodes = this.#unaccounted.get(pool) ?? new Set()
      this.#unaccounted.set(pool, nodes.add(node))
    }
    if (entry) this.#entries.set(node, entry)
    const touched = new Set([...poolsOf(before), ...poolsOf(entry)])
    for (const pool of touched) this.#wakeFirst(pool, node)
  }

  #add(key: string, change: number): void {
    const used = (this.#used.get(key) ?? 0) + change
    if (used === 0) this.#used.delete(key)
    else this.#used.set(key, used)
  }

  /** Puts the node in line for what it was denied, and takes it out of all other lines. */
  #stand(node: string, keys: ReadonlySet<string>): void {
    for (const [key, nodes] of this.#lines) if (!keys.has(key)) nodes.delete(node)
    for (const key of keys) this.#lines.set(key, (this.#lines.get(key) ?? new Set()).add(node))
    for (const [key, nodes] of this.#lines) if (nodes.size === 0) this.#lines.delete(key)
  }

  /** Whoever is first in line and can be served; when it is, the next one follows. */
  #wakeFirst(pool: string, node: string): void {
    const quota = this.#o.quotaOf(pool) ?? Number.POSITIVE_INFINITY
    if ((this.#unaccounted.get(pool)?.size ?? 0) > 0) return
    for (const [key, nodes] of this.#lines) {
      if (!key.startsWith(`${pool} `) || (this.#used.get(key) ?? 0) >= quota) continue
      const first = [...nodes].find((n) => n !== node)
      if (first !== undefined) this.#o.wake(first)
    }
  }
}

const lineOf = ({ pool, namespace }: Claim) => `${pool} ${namespace}`

/** What counts against the quota. */
const counted = (entry: Entry | undefined): Claim[] =>
  entry?.claims.filter((c) => c.held || entry.granted.has(c.pod) || entry.withdrawn.has(c.pod)) ??
  []

const poolsOf = (entry: Entry | undefined): Set<string> =>
  new Set([...(entry?.claims.map((c) => c.pool) ?? []), ...(entry?.vague ?? [])])

/** Pools that the node has to do with and does not list the pods of. */
function vaguePools(
  { demand }: QuotaFacts["spec"],
  interfaces: QuotaFacts["interfaces"],
): Set<string> {
  const told = new Set(demand.filter((d) => d.claims !== undefined).map((d) => d.placement))
  const keys = [
    ...demand.map((d) => d.placement),
    ...interfaces.filter((i) => i.state !== "Foreign").map((i) => i.placement),
  ]
  const untold = keys.filter((key) => !told.has(key))
  return new Set(untold.flatMap((key) => parsePlacementKey(key)?.pool ?? []))
}
