/** Free addresses of a subnet at a time, ms since the epoch. */
export interface Sample {
  readonly at: number
  readonly free: number
}

export interface Forecast {
  /** Addresses an hour; negative when the subnet empties. */
  readonly burnRate: number
  /** Absent when it does not fill up. */
  readonly daysToFull?: number
}

const hourMs = 3_600_000

/** Less than this tells nothing: a roll-out alone moves hundreds of addresses within minutes. */
const leastSpanMs = hourMs

/**
 * When a subnet is full, by the trend of its free addresses: the median of all slopes between two samples (Theil-Sen),
 * which a single roll-out or outage does not bend. Undefined while the samples span less than an hour. O(n^2).
 */
export function forecast(samples: readonly Sample[]): Forecast | undefined {
  const sorted = samples.toSorted((a, b) => a.at - b.at)
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first === undefined || last === undefined || last.at - first.at < leastSpanMs)
    return undefined
  const slopes = sorted.flatMap((a, i) =>
    sorted.slice(i + 1).flatMap((b) => (b.at > a.at ? [(a.free - b.free) / (b.at - a.at)] : [])),
  )
  const burnRate = median(slopes) * hourMs
  if (burnRate <= 0) return { burnRate }
  return { burnRate, daysToFull: last.free / burnRate / 24 }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}
