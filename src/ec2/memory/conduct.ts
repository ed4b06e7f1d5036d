import type { Clock } from "../../clock.ts"
import { Ec2Fault } from "./fault.ts"
import { createRateLimits, type RateLimits } from "./rate-limits.ts"

/** A failure to inject: which calls, and what they answer. Without `nth`, `times` and `probability`: every call. */
export interface Failure {
  /** Action name such as `AttachNetworkInterface`, or `*`. */
  readonly action: string
  readonly code: string
  readonly message?: string
  readonly status?: number
  /** Only calls that mention this id or name. */
  readonly about?: string
  /** Only the n-th matching call from now on, 1 = the next. */
  readonly nth?: number
  /** Only the next so many matching calls. */
  readonly times?: number
  readonly probability?: number
  /** `after` lets the effect happen and loses the answer, as a broken connection does. Default `before`. */
  readonly when?: "before" | "after"
}

export interface ConductOptions {
  readonly clock: Clock
  readonly random: () => number
  /** Milliseconds by action; `*` is the default for the others. */
  readonly latencyMs: Readonly<Record<string, number>>
  /** Describe calls show the state of up to so many milliseconds ago, a random lag each time. */
  readonly lagMs: number
  /** EC2's documented request limits; off when false. */
  readonly limits: boolean
}

/** How the cloud behaves around its operations; all of it can be changed while it runs. */
export interface Conduct {
  /** `action` may be `*`. */
  setLatency(action: string, ms: number): void
  /** At most 10 s. */
  setLag(ms: number): void
  setLimits(on: boolean): void
  /** Returns a function that takes the failure back. */
  inject(failure: Failure): () => void
  /** Refuses `action` (or `*`) with UnauthorizedOperation, for one access key or for all. Returns the way back. */
  deny(action: string, accessKeyId?: string): () => void
  /** Asked before every call, with the action as IAM names it: what it says is refused as UnauthorizedOperation. */
  setJudge(judge: (accessKeyId: string | undefined, action: string) => string | undefined): void
}

/** One call as seen by the conduct. */
export interface Call {
  readonly action: string
  /** Ids and names the call mentions, for failures that concern only some. */
  readonly about: readonly string[]
  readonly accessKeyId?: string
  /** Neither filters nor a page size: EC2 charges such describe calls to a smaller bucket. */
  readonly unfiltered?: boolean
}

/** The past is kept no longer. */
export const lagMaxMs = 10_000

interface ActiveFailure {
  readonly failure: Failure
  seen: number
}

/** The conduct as the cloud uses it. */
export interface Conducting extends Conduct {
  latencyOf(action: string): number
  /** The moment whose state a describe call sees. */
  viewTime(now: number): number
  /** Throws the fault due before (throttling, missing rights, injected) or after the effect. */
  check(call: Call, when: "before" | "after"): void
}

export function createConduct(options: ConductOptions): Conducting {
  const latency = new Map(Object.entries(options.latencyMs))
  const failures = new Set<ActiveFailure>()
  const denied = new Set<{ action: string; accessKeyId: string | undefined }>()
  let lagMs = Math.min(options.lagMs, lagMaxMs)
  let limits: RateLimits | undefined
  let judge: Parameters<Conduct["setJudge"]>[0] = () => undefined
  const setLimits = (on: boolean) => {
    limits = on ? createRateLimits(options.clock) : undefined
  }
  setLimits(options.limits)

  const due = (active: ActiveFailure): boolean => {
    const { nth, times, probability } = active.failure
    active.seen++
    if (nth !== undefined && active.seen !== nth) return false
    if (times !== undefined && active.seen > times) return false
    return probability === undefined || options.random() < probability
  }

  return {
    setLatency: (action, ms) => void latency.set(action, ms),
    setLag: (ms) => {
      lagMs = Math.min(ms, lagMaxMs)
    },
    setLimits,
    inject: (failure) => {
      const active = { failure, seen: 0 }
      failures.add(active)
      return () => void failures.delete(active)
    },
    deny: (action, accessKeyId) => {
      const denial = { action, accessKeyId }
      denied.add(denial)
      return () => void denied.delete(denial)
    },
    setJudge: (asked) => {
      judge = asked
    },
    latencyOf: (action) => latency.get(action) ?? latency.get("*") ?? 0,
    viewTime: (now) => (lagMs === 0 ? now : now - Math.floor(options.random() * (lagMs + 1))),
    check: (call, when) => {
      const { action } = call
      if (when === "before") {
        if (limits && !limits.admit(action, call.unfiltered ?? false)) throw throttled()
        for (const d of denied)
          if (
            concerns(d.action, action) &&
            (d.accessKeyId ?? call.accessKeyId) === call.accessKeyId
          )
            throw unauthorized(noPolicyAllows(action))
        const refusal = judge(call.accessKeyId, nameOf(action))
        if (refusal !== undefined) throw unauthorized(refusal)
      }
      for (const active of failures) {
        const f = active.failure
        if ((f.when ?? "before") !== when || !concerns(f.action, action)) continue
        if (f.about !== undefined && !call.about.includes(f.about)) continue
        if (due(active)) throw new Ec2Fault(f.code, f.message ?? `Injected ${f.code}`, f.status)
      }
    },
  }
}

const concerns = (pattern: string, action: string) => pattern === "*" || pattern === action

const throttled = () => new Ec2Fault("RequestLimitExceeded", "Request limit exceeded.", 503)

const unauthorized = (message: string) => new Ec2Fault("UnauthorizedOperation", message, 403)

/** Only EC2's own actions come without their service. */
const nameOf = (action: string) => (action.includes(":") ? action : `ec2:${action}`)

const noPolicyAllows = (action: string) =>
  `You are not authorized to perform this operation. User is not authorized to perform: ${nameOf(action)} because no identity-based policy allows the ${nameOf(action)} action`
