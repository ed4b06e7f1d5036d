import type { Clock } from "../../clock.ts"
import type { AddressChoice } from "./address-space.ts"
import { type Call, type Conduct, type Conducting, createConduct, lagMaxMs } from "./conduct.ts"
import { type Core, createCore, type Timing, type Views, type Zone } from "./core.ts"
import { Ec2Fault } from "./fault.ts"
import type { CloudChange } from "./records.ts"

export interface CloudOptions {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly region: string
  readonly account?: string
  /** Default: a, b and c of the region. */
  readonly zones?: readonly Zone[]
  readonly addressChoice?: AddressChoice
  /** Milliseconds by action, `*` for the rest; `fastLatency` when absent. */
  readonly latencyMs?: Readonly<Record<string, number>>
  readonly timing?: Partial<Timing>
  /** Describe calls show the state of up to so many milliseconds ago. Default 0; may be raised up to 10 s later. */
  readonly lagMs?: number
  /** EC2's documented request limits. Default off. */
  readonly limits?: boolean
}

/** The emulated cloud of one account and region. */
export interface Cloud extends AsyncDisposable {
  readonly region: string
  readonly account: string
  /** The truth, now. Operations of this folder change it at once, without latency, limits or failures. */
  readonly core: Core
  /** Latency, throttling, lag and failures; may be changed while the cloud runs. */
  readonly conduct: Conduct
  /** How often each action was called, refused calls included. */
  readonly calls: ReadonlyMap<string, number>
  /**
   * Performs an API action as a client's call: with its latency, limits, lag and failures. The effect happens half-way
   * through the latency and once begun is not undone when the caller goes away. Rejects with Ec2Fault.
   */
  perform<T>(call: CloudCall, effect: (core: Core, views: Views) => T): Promise<T>
  /** Calls `listener` for every change, synchronously, until the returned function is called. */
  onChange(listener: (change: CloudChange) => void): () => void
}

export interface CloudCall extends Omit<Call, "about"> {
  readonly about?: readonly string[]
  /** Checks rights and limits, then answers DryRunOperation instead of acting. */
  readonly dryRun?: boolean
}

/** No waiting: for tests. */
export const fastLatency = { "*": 0 } as const

/** Close to what EC2 takes: the lab's default. */
export const realisticLatency = {
  "*": 50,
  CreateNetworkInterface: 300,
  AttachNetworkInterface: 1500,
  AssignPrivateIpAddresses: 200,
} as const

/** With `realisticLatency`: an attachment is `attached` just when the call that asked for it returns. */
export const realisticTiming: Timing = {
  attachMs: 740,
  detachMs: 1000,
  startMs: 1000,
  stopMs: 1000,
  forgetMs: 60_000,
  natGatewayMs: 500,
  associateMs: 1000,
}

const fastTiming: Timing = {
  attachMs: 0,
  detachMs: 0,
  startMs: 0,
  stopMs: 0,
  forgetMs: Number.POSITIVE_INFINITY,
  natGatewayMs: 0,
  associateMs: 0,
}

export function createCloud(options: CloudOptions): Cloud {
  const { clock, random, region, lagMs = 0 } = options
  const account = options.account ?? "111122223333"
  const closing = new AbortController()
  const listeners = new Set<(change: CloudChange) => void>()
  const calls = new Map<string, number>()
  const conduct = createConduct({
    clock,
    random,
    latencyMs: options.latencyMs ?? fastLatency,
    lagMs,
    limits: options.limits ?? false,
  })
  const core = createCore({
    region,
    account,
    zones: options.zones ?? zonesOf(region),
    now: () => clock.now(),
    random,
    timing: { ...fastTiming, ...options.timing },
    addressChoice: options.addressChoice ?? "lowest",
    memoryMs: lagMaxMs,
    changed: (change) => {
      for (const listener of listeners) listener(change)
    },
    later: (ms, task) => {
      if (ms === 0) task()
      else if (Number.isFinite(ms)) void clock.sleep(ms, closing.signal).then(task, () => {})
    },
  })

  return {
    region,
    account,
    core,
    conduct,
    calls,
    perform: (call, effect) => {
      calls.set(call.action, (calls.get(call.action) ?? 0) + 1)
      return perform({ core, conduct, clock }, call, effect)
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    [Symbol.asyncDispose]: async () => closing.abort(),
  }
}

async function perform<T>(
  { core, conduct, clock }: { core: Core; conduct: Conducting; clock: Clock },
  { dryRun, about = [], ...rest }: CloudCall,
  effect: (core: Core, views: Views) => T,
): Promise<T> {
  const call = { ...rest, about }
  const latency = conduct.latencyOf(call.action)
  await pause(clock, latency / 2)
  conduct.check(call, "before")
  if (dryRun)
    throw new Ec2Fault(
      "DryRunOperation",
      "Request would have succeeded, but DryRun flag is set.",
      412,
    )
  const time = conduct.viewTime(clock.now())
  const result = effect(core, time === clock.now() ? core.tables : core.asOf(time))
  await pause(clock, latency / 2)
  conduct.check(call, "after")
  return result
}

const pause = (clock: Clock, ms: number) => (ms > 0 ? clock.sleep(ms) : Promise.resolve())

const zonesOf = (region: string): Zone[] =>
  ["a", "b", "c"].map((letter, i) => ({
    name: region + letter,
    id: `${region.replace(/^(\w\w)-(\w)\w*-(\d)$/, "$1$2$3")}-az${i + 1}`,
  }))
