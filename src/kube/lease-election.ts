import type { Lease } from "../api/core.ts"
import { leases } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import type { Logger } from "../log.ts"
import { type Kube, KubeError } from "./kube.ts"

export interface ElectionOptions {
  kube: Kube
  clock: Clock
  /** 0 <= x < 1. */
  random: () => number
  log: Logger
  namespace: string
  name: string
  /** Unique per process, such as the pod's name. */
  identity: string
  /** A lease not renewed for this long, by the candidate's own clock, may be taken over. */
  leaseMs?: number
  /** The leader gives up when it could not renew for this long; shorter than `leaseMs`. */
  renewDeadlineMs?: number
  retryMs?: number
}

/**
 * Leads for one term; `term` aborts when the lease is lost or the election ends. It should return soon after. A process
 * that was paused may run on for a moment before it notices: `holds` answers from the clocks, at any instant.
 */
export type Lead = (term: AbortSignal, holds: () => boolean) => Promise<void>

/** When the lease was last known to be held. */
interface Moment {
  readonly now: number
  readonly monotonic: number
}

/**
 * Takes part in the election until `signal` aborts, and calls `lead` for every term won. Times in the record are never
 * compared with the own clock, only watched for change, so clocks of different hosts may differ. The lease is released
 * when a term ends by the signal, so that the next candidate need not wait for it to run out.
 */
export async function electLeader(
  options: ElectionOptions,
  signal: AbortSignal,
  lead: Lead,
): Promise<void> {
  const candidate = new Candidate(options)
  const { clock, log, random, retryMs = 2_000 } = options
  while (!signal.aborted) {
    const since = await candidate.tryHold().catch((error: Error) => {
      log.warn("cannot take part in the election", { lease: options.name, error: error.message })
      return undefined
    })
    if (since === undefined) {
      await clock.sleep(retryMs * (1 + random() / 5), signal).catch(() => {})
      continue
    }
    log.info("leads", { lease: options.name, identity: options.identity })
    await candidate.serveTerm(since, signal, lead)
    log.info("leads no longer", { lease: options.name, identity: options.identity })
  }
}

class Candidate {
  readonly #options: ElectionOptions
  readonly #leaseMs: number
  readonly #renewDeadlineMs: number
  /** The lease as last read, and when it was first seen so by the own clock. */
  #seen: { version: string; at: number } | undefined
  #held: Lease | undefined
  /** Since when the lease is held for sure. */
  #since: Moment = { now: 0, monotonic: 0 }

  constructor(options: ElectionOptions) {
    this.#options = options
    this.#leaseMs = options.leaseMs ?? 15_000
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000
  }

  /** Takes or renews the lease. Answers since when it is held for sure, or undefined when another holds it. */
  async tryHold(): Promise<Moment | undefined> {
    const { kube, clock, namespace, name, identity } = this.#options
    // Counted from before the request: the answer may be late.
    const startedAt = { now: clock.now(), monotonic: clock.monotonic() }
    const current = this.#held ?? (await kube.get(leases, name, namespace))
    if (current && !this.#held && !this.#mayTake(current)) return undefined
    try {
      this.#held = current
        ? await kube.replace(leases, this.#claim(current))
        : await kube.create(leases, this.#newLease())
    } catch (error) {
      this.#held = undefined
      if (error instanceof KubeError && (error.status === 409 || error.status === 404))
        return undefined
      throw error
    }
    return this.#held.spec.holderIdentity === identity ? startedAt : undefined
  }

  /** Runs `lead`, renewing meanwhile; returns when it has ended, whatever the reason. */
  async serveTerm(since: Moment, signal: AbortSignal, lead: Lead): Promise<void> {
    const term = new AbortController()
    const stop = () => term.abort(signal.reason)
    signal.addEventListener("abort", stop)
    if (signal.aborted) stop()
    this.#since = since
    const renewing = this.#renew(term)
    try {
      await lead(term.signal, () => !term.signal.aborted && this.#leftMs() > 0)
    } finally {
      signal.removeEventListener("abort", stop)
      term.abort(new Error("the term is over"))
      await renewing
      await this.#release()
    }
  }

  /**
   * How long the lease is still held for sure. Time is taken from both clocks: one that is set back hides none, nor does
   * a suspended machine, whose monotonic clock stands still.
   */
  #leftMs(): number {
    const { clock } = this.#options
    const { now, monotonic } = this.#since
    return this.#renewDeadlineMs - Math.max(clock.now() - now, clock.monotonic() - monotonic)
  }

  async #renew(term: AbortController): Promise<void> {
    const { clock, log, name, retryMs = 2_000 } = this.#options
    while (!term.signal.aborted) {
      const leftMs = this.#leftMs()
      if (leftMs <= 0) {
        term.abort(new Error(`the lease ${name} could not be renewed in time`))
        return
      }
      await clock.sleep(Math.min(retryMs, leftMs), term.signal).catch(() => {})
      if (term.signal.aborted) return
      const renewed = await this.#renewOnce(this.#leftMs(), term)
      if (renewed === "taken") {
        term.abort(new Error(`the lease ${name} was taken over`))
        return
      }
      if (renewed instanceof Error)
        log.warn("cannot renew the lease", { lease: name, error: renewed.message })
      else this.#since = renewed
    }
  }

  /** One attempt, bounded by the time that is left: a hanging request must not outlast the lease. */
  async #renewOnce(leftMs: number, term: AbortController): Promise<Moment | "taken" | Error> {
    const { clock } = this.#options
    const over = new AbortController()
    const late = clock.sleep(Math.max(0, leftMs), AbortSignal.any([over.signal, term.signal])).then(
      () => new Error("no answer in time"),
      () => new Error("the term is over"),
    )
    const renewal = this.tryHold().then(
      (since) => since ?? ("taken" as const),
      (error: Error) => error,
    )
    const first = await Promise.race([renewal, late])
    over.abort()
    // A failed write leaves it open who holds the lease: read it before the next attempt.
    if (first instanceof Error) this.#held = undefined
    return first
  }

  #mayTake(lease: Lease): boolean {
    const { clock, identity } = this.#options
    const holder = lease.spec.holderIdentity
    if (!holder || holder === identity) return true
    const version = lease.metadata.resourceVersion ?? ""
    if (this.#seen?.version !== version) {
      this.#seen = { version, at: clock.monotonic() }
      return false
    }
    const durationMs = (lease.spec.leaseDurationSeconds ?? this.#leaseMs / 1000) * 1000
    return clock.monotonic() - this.#seen.at > durationMs
  }

  #claim(current: Lease): Lease {
    const { identity } = this.#options
    const mine = current.spec.holderIdentity === identity
    const now = this.#microTime()
    return {
      ...current,
      spec: {
        ...current.spec,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#leaseMs / 1000),
        renewTime: now,
        acquireTime: mine ? (current.spec.acquireTime ?? now) : now,
        leaseTransitions: (current.spec.leaseTransitions ?? 0) + (mine ? 0 : 1),
      },
    }
  }

  #newLease(): Lease {
    const { name, namespace } = this.#options
    const empty = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace },
      spec: {},
    }
    return this.#claim(empty)
  }

  /** An empty holder is free at once; failing to write it costs the next leader one lease duration. */
  async #release(): Promise<void> {
    const held = this.#held
    this.#held = undefined
    if (!held) return
    const spec = { ...held.spec, holderIdentity: "", leaseDurationSeconds: 1 }
    await this.#options.kube.replace(leases, { ...held, spec }).catch((error: Error) => {
      this.#options.log.info("the lease was not released", { error: error.message })
    })
  }

  /** metav1.MicroTime. */
  #microTime(): string {
    return new Date(this.#options.clock.now()).toISOString().replace("Z", "000Z")
  }
}
