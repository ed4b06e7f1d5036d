import type { Clock } from "../clock.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import { type Forecast, forecast, type Sample } from "../fleet/forecast.ts"
import type { Logger } from "../log.ts"
import type { Subnet } from "../vpc/model.ts"
import { mapSubnet, type SubnetMap } from "../vpc/subnet-map.ts"
import type { SubnetSupplies } from "./subnet-supply.ts"

/** Two days of audits: enough for a trend, and few enough to compute it from. */
const samplesMax = 288
/** A subnet surveyed more recently is not surveyed again when a pool asks; shorter than from audit to audit. */
const freshMs = 500_000

export interface Surveyed {
  readonly map: SubnetMap
  readonly at: number
}

/**
 * How the subnets of pools are filled: which whole /28 blocks are free, and how fast they fill. EC2 does not say; the
 * interfaces in a subnet do, at one call (and its pages) for each subnet.
 */
export class SubnetSurvey {
  readonly #options: {
    ec2: Ec2
    clock: Clock
    log: Logger
    supplies: SubnetSupplies
    signal: AbortSignal
  }
  readonly #surveyed = new Map<string, Surveyed>()
  readonly #samples = new Map<string, Sample[]>()

  constructor(options: {
    ec2: Ec2
    clock: Clock
    log: Logger
    supplies: SubnetSupplies
    signal: AbortSignal
  }) {
    this.#options = options
  }

  of(subnetID: string): Surveyed | undefined {
    return this.#surveyed.get(subnetID)
  }

  trendOf(subnetID: string): Forecast | undefined {
    return forecast(this.#samples.get(subnetID) ?? [])
  }

  /** Surveys those of the subnets that were not surveyed lately. Failures are logged: what is known stays. */
  async ensure(subnets: readonly Subnet[]): Promise<void> {
    const now = this.#options.clock.now()
    const due = subnets.filter(
      ({ id }) => now - (this.#surveyed.get(id)?.at ?? -freshMs) >= freshMs,
    )
    await Promise.all(due.map((subnet) => this.#survey(subnet)))
  }

  async #survey(subnet: Subnet): Promise<void> {
    const { ec2, clock, log, supplies, signal } = this.#options
    const at = clock.now()
    try {
      const options = { priority: "audit", signal } as const
      const interfaces = await ec2.describeNetworkInterfaces({ subnetId: subnet.id }, options)
      const map = mapSubnet(subnet, interfaces)
      if (!map) return
      this.#surveyed.set(subnet.id, { map, at })
      supplies.surveyed(subnet.id, map.freePrefixes)
      const samples = this.#samples.get(subnet.id) ?? []
      this.#samples.set(subnet.id, [...samples, { at, free: map.free }].slice(-samplesMax))
    } catch (error) {
      if (signal.aborted) throw error
      log.warn("a subnet could not be surveyed", {
        subnet: subnet.id,
        error: (error as Error).message,
      })
    }
  }
}
