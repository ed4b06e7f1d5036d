import { diagnose } from "../doctor/diagnose.ts"
import type { Finding } from "../doctor/finding.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"

export interface Preflight {
  /** Must be mended before a change begins. */
  readonly blockers: readonly Finding[]
  /** Will matter while nodes are replaced. */
  readonly warnings: readonly Finding[]
  /** What could not be looked at, each with the reading it lacks. */
  readonly unknown: readonly string[]
}

/** Checks whose trouble a change would run into; the others are what the change may be for, such as full subnets. */
const relevant = new Set([
  ...["V01", "V03", "V04", "V05", "V06", "V07"],
  ...["S02", "S08", "G01", "G02"],
  ...["C01", "C03", "C04", "C06"],
  ...["R01", "R02", "R08"],
])

/** What keeps the control plane from an upgrade: full node subnets are what custom networking empties. */
const upgradeOnly = new Set(["S08"])

/** Whether a change can begin. */
export function preflight(index: FleetIndex): Preflight {
  const { findings, skipped } = diagnose(index)
  const own = findings.filter((f) => relevant.has(f.check) && f.severity !== "note")
  const blocks = (f: Finding) => f.severity === "blocking" && !upgradeOnly.has(f.check)
  return {
    blockers: own.filter(blocks),
    warnings: own.filter((f) => !blocks(f)),
    unknown: skipped.filter((s) => relevant.has(s.check)).map((s) => `${s.title} (${s.why})`),
  }
}
