import type { Check } from "../doctor/check.ts"
import { checks } from "../doctor/checks.ts"
import { diagnose } from "../doctor/diagnose.ts"
import { type Finding, type Severity, severities } from "../doctor/finding.ts"
import { indexFleet } from "../facts/fleet-index.ts"
import { causesInLogs, logCauses } from "../logs/log-causes.ts"
import type { LogSource, Snapshot } from "../snapshot.ts"

/** What the doctor says of a cluster, as data: pages, JSON, SARIF and JUnit are made from it. */
export interface DoctorReport {
  readonly source: string
  readonly takenAt: string
  /** Worst first, and why pods get no address now before everything else. */
  readonly findings: readonly Finding[]
  readonly skipped: readonly {
    readonly check: string
    readonly title: string
    readonly why: string
  }[]
  readonly passed: readonly string[]
  /** Of every check that was asked for. */
  readonly titles: Readonly<Record<string, string>>
}

/** The check that says why pods get no address now: what somebody who is woken up wants to know first. */
const outage = "X04"

/** Examines a snapshot, its logs included. `only` names checks by id or by letter, such as S05 or S. */
export function doctorReport(snapshot: Snapshot, only: readonly string[] = []): DoctorReport {
  const wanted = (id: string) =>
    only.length === 0 || only.some((o) => id === o || (/^[A-Z]$/.test(o) && id.startsWith(o)))
  const table = checks.filter((check) => wanted(check.id))
  const index = indexFleet(snapshot)
  const { findings, skipped, passed } = diagnose(index, table)
  const logs = only.length === 0 ? causesInLogs(snapshot.logs ?? []) : []
  const rank = (f: Finding) => severities.indexOf(f.severity) - (f.check === outage ? 0.5 : 0)
  return {
    source: snapshot.cluster.name ?? snapshot.source,
    takenAt: snapshot.takenAt,
    findings: [...logs, ...findings].sort((a, b) => rank(a) - rank(b)),
    skipped,
    passed,
    titles: titlesOf(table),
  }
}

/** What logs alone say, where there is no cluster to look at. */
export function logReport(
  logs: readonly LogSource[],
  source: string,
  takenAt: string,
): DoctorReport {
  const findings = causesInLogs(logs)
  const found = new Set(findings.map((f) => f.check))
  return {
    source,
    takenAt,
    findings,
    skipped: [],
    passed: logCauses.map((c) => c.id).filter((id) => !found.has(id)),
    titles: titlesOf([]),
  }
}

const titlesOf = (table: readonly Check[]) =>
  Object.fromEntries([
    ...table.map((c) => [c.id, c.title] as const),
    ...logCauses.map((c) => [c.id, `No log says that ${c.says}`] as const),
  ])

/** Whether a report has a finding that is as bad as `limit`, or worse. */
export const isAsBadAs = (report: DoctorReport, limit: Severity): boolean =>
  report.findings.some((f) => severities.indexOf(f.severity) <= severities.indexOf(limit))
