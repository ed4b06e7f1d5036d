import { leases } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"
import { electLeader } from "../../kube/lease-election.ts"
import { silentLogger } from "../../log.ts"

export interface LeaseOptions {
  readonly kube: Kube
  readonly clock: Clock
  /** Who works, for whoever finds the door closed: unique per process. */
  readonly identity: string
  readonly warn: (text: string) => void
}

const lease = { namespace: "kube-system", name: "berth-apply" } as const
const leaseMs = 15_000
const retryMs = 1_000

/**
 * Does the work while holding the cluster's Lease, so that two people never carry plans out at the same time. The lease
 * of a process that was killed is waited out; one that is renewed meanwhile is an error: somebody is at work.
 * The work's signal aborts as well when the lease is lost.
 */
export async function withApplyLease<T>(
  options: LeaseOptions,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!(await mayTake(options))) return work(signal)
  const stop = new AbortController()
  const waiting = new AbortController()
  const done = Promise.withResolvers<void>()
  const won = Promise.withResolvers<AbortSignal>()
  const election = electLeader(
    { ...options, ...lease, random: Math.random, log: silentLogger, leaseMs, retryMs },
    stop.signal,
    (term) => {
      won.resolve(term)
      return done.promise
    },
  )
  let term: AbortSignal | undefined
  try {
    term = await Promise.race([
      won.promise,
      closedDoor(options, AbortSignal.any([signal, waiting.signal])),
    ])
    waiting.abort()
    return await work(AbortSignal.any([signal, term]))
  } catch (error) {
    if (term?.aborted !== true || signal.aborted) throw error
    throw fail("cli/apply-under-way", { why: (term.reason as Error).message }, error)
  } finally {
    waiting.abort()
    stop.abort()
    done.resolve()
    await election
  }
}

/** Without the right to Leases people have to see to it themselves. */
async function mayTake({ kube, warn }: LeaseOptions): Promise<boolean> {
  try {
    await kube.get(leases, lease.name, lease.namespace)
    return true
  } catch (error) {
    if (!(error instanceof KubeError && error.status === 403)) throw error
    warn(
      `no right to read Lease ${lease.namespace}/${lease.name}: see to it that nobody else applies a plan now`,
    )
    return false
  }
}

/** Rejects once somebody else is seen to renew the lease, or it cannot be had, or the signal aborts. */
async function closedDoor(
  { kube, clock, identity }: LeaseOptions,
  signal: AbortSignal,
): Promise<never> {
  const deadline = clock.now() + 2 * leaseMs
  let seen: string | undefined
  for (;;) {
    const { spec } = (await kube.get(leases, lease.name, lease.namespace)) ?? {}
    // The own claim may be there to read before its answer has come.
    const isOthers = spec?.holderIdentity && spec.holderIdentity !== identity
    const renewed = isOthers ? spec.renewTime : undefined
    if (seen !== undefined && renewed !== undefined && renewed !== seen)
      throw fail("cli/apply-under-way", { why: `${spec?.holderIdentity} is at work` })
    if (clock.now() > deadline)
      throw fail("cli/apply-under-way", {
        why: `Lease ${lease.namespace}/${lease.name} cannot be had`,
      })
    seen = renewed
    await clock.sleep(retryMs, signal)
  }
}
