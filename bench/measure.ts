/** Times of one kind in ms, and what a reader wants to know of them. */
export interface Summary {
  readonly count: number
  readonly median: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export function summarise(times: readonly number[]): Summary {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { count: times.length, median: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}
