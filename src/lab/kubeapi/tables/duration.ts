const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** A span of time as kubectl prints ages: two units at most, the second only where it matters. */
export function duration(ms: number): string {
  if (ms < -second) return "<invalid>"
  if (ms < 0) return "0s"
  const in_ = (unit: number) => Math.floor(ms / unit)
  const with_ = (unit: number, name: string, rest: number, restName: string) => {
    const left = Math.floor((ms % unit) / rest)
    return left === 0 ? `${in_(unit)}${name}` : `${in_(unit)}${name}${left}${restName}`
  }
  if (ms < 2 * minute) return `${in_(second)}s`
  if (ms < 10 * minute) return with_(minute, "m", second, "s")
  if (ms < 3 * hour) return `${in_(minute)}m`
  if (ms < 8 * hour) return with_(hour, "h", minute, "m")
  if (ms < 2 * day) return `${in_(hour)}h`
  if (ms < 8 * day) return with_(day, "d", hour, "h")
  if (ms < 2 * year) return `${in_(day)}d`
  if (ms < 8 * year) return with_(year, "y", day, "d")
  return `${in_(year)}y`
}

/** Time since `timestamp`; "<unknown>" without one. */
export function age(timestamp: string | undefined, now: number): string {
  const then = timestamp === undefined ? Number.NaN : Date.parse(timestamp)
  return Number.isNaN(then) ? "<unknown>" : duration(now - then)
}
