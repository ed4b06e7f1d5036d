/** What a scaling group was before a rotation changed it. */
export interface Before {
  readonly max: number
  /** Processes to resume. */
  readonly resume: readonly string[]
}

/** As a tag's value, for people too: `max=3 resume=AZRebalance`. */
export const memoOf = ({ max, resume }: Before): string =>
  [`max=${max}`, ...(resume.length > 0 ? [`resume=${resume.join("+")}`] : [])].join(" ")

/** Undefined for no tag, and for one that somebody else wrote. */
export function readMemo(value: string | undefined): Before | undefined {
  const match = /^max=(\d+)(?: resume=([A-Za-z+]+))?$/.exec(value ?? "")
  if (match === null) return undefined
  return { max: Number(match[1]), resume: match[2]?.split("+") ?? [] }
}
