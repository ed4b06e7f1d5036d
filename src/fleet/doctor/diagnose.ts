import type { FleetIndex } from "../facts/fleet-index.ts"
import type { Check } from "./check.ts"
import { checks } from "./checks.ts"
import { examine } from "./examination.ts"
import { type Finding, severities } from "./finding.ts"
import { whyMissing } from "./needs.ts"

export interface Diagnosis {
  /** Worst first. */
  readonly findings: readonly Finding[]
  /** Checks that could not be made, or in part only, each with the reading it lacks. */
  readonly skipped: readonly {
    readonly check: string
    readonly title: string
    readonly why: string
  }[]
  /** Ids of the checks that were made and found nothing. */
  readonly passed: readonly string[]
}

/**
 * Puts every check to a snapshot. A missing reading costs the checks that need it and no other. Costs O(nodes + pods +
 * addresses), each looked at a few times.
 */
export function diagnose(index: FleetIndex, table: readonly Check[] = checks): Diagnosis {
  const examination = examine(index)
  const findings: Finding[] = []
  const skipped: Diagnosis["skipped"][number][] = []
  const passed: string[] = []
  for (const { id, title, severity, needs, wants = [], run } of table) {
    const why = needs.flatMap((need) => whyMissing(index.snapshot, need) ?? [])
    if (why.length > 0) {
      skipped.push({ check: id, title, why: why.join("; ") })
      continue
    }
    const less = wants.flatMap((need) => whyMissing(index.snapshot, need) ?? [])
    if (less.length > 0) skipped.push({ check: id, title, why: `made in part: ${less.join("; ")}` })
    const found = [...run(examination)].map((s): Finding => ({ check: id, severity, ...s }))
    findings.push(...found)
    if (found.length === 0 && less.length === 0) passed.push(id)
  }
  const rank = (f: Finding) => severities.indexOf(f.severity)
  return { findings: findings.sort((a, b) => rank(a) - rank(b)), skipped, passed }
}
