/** How bad a finding is, worst first. */
export const severities = ["blocking", "wrong-network", "risk", "note"] as const

/**
 * - blocking: pods or nodes do not start, or will not at the next change;
 * - wrong-network: things run, and not where or as the operator wanted;
 * - risk: waste, or trouble to come;
 * - note: worth knowing, nothing to mend.
 */
export type Severity = (typeof severities)[number]

/** What can be done about a finding. */
export interface Fix {
  /** auto: safe to do unattended. plan: to be reviewed. tell: a person must decide. */
  readonly kind: "auto" | "plan" | "tell"
  readonly says: string
  /** Ready to be pasted into a shell. */
  readonly command?: string
}

/** One thing that is wrong with one object. Nodes with the same trouble share a finding. */
export interface Finding {
  /** Id of the check, such as N01. */
  readonly check: string
  readonly severity: Severity
  /** `ENIConfig/us-west-2a`, `node/ip-10-0-0-4`, `subnet/subnet-0a1b`. */
  readonly object: string
  readonly says: string
  /** Facts of the snapshot that prove it. */
  readonly evidence: readonly string[]
  readonly fix: Fix
}

/** `a, b, c and 4 more`: lists of a large cluster are cut, with their count. */
export function enumerate(names: readonly string[], most = 3): string {
  if (names.length <= most) return names.join(", ")
  return `${names.slice(0, most).join(", ")} and ${(names.length - most).toLocaleString("en")} more`
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`
