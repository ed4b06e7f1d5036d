import type { Finding } from "../../fleet/doctor/finding.ts"
import type { DoctorReport } from "../../fleet/report/doctor-report.ts"

/** JUnit XML as CI servers read it: a test case for each check, failed once for each finding. */
export function junit(report: DoctorReport): string {
  const byCheck = Map.groupBy(report.findings, (f) => f.check)
  const skipped = new Map(report.skipped.map((s) => [s.check, s.why]))
  const made = [...report.passed, ...skipped.keys()].filter((id) => !byCheck.has(id))
  const cases = [
    ...[...byCheck].map(([id, findings]) => testCase(report, id, findings.map(failure).join(""))),
    ...made.map((id) => {
      const why = skipped.get(id)
      return testCase(report, id, why === undefined ? "" : `<skipped message="${escaped(why)}"/>`)
    }),
  ]
  const counts = `tests="${cases.length}" failures="${byCheck.size}" errors="0" skipped="${skipped.size}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="berth doctor" ${counts}>`,
    `<testsuite name="${escaped(report.source)}" timestamp="${report.takenAt}" ${counts}>`,
    ...cases,
    "</testsuite>",
    "</testsuites>",
    "",
  ].join("\n")
}

function testCase({ titles }: DoctorReport, id: string, inner: string): string {
  const name = `${id} ${titles[id]}`
  return `<testcase classname="berth.doctor" name="${escaped(name)}">${inner}</testcase>`
}

function failure(f: Finding): string {
  const text = [
    ...f.evidence,
    `fix: ${f.fix.says}`,
    ...(f.fix.command ? [`$ ${f.fix.command}`] : []),
  ]
  return `<failure type="${f.severity}" message="${escaped(`${f.object}: ${f.says}`)}">${escaped(text.join("\n"))}</failure>`
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
}

/** XML 1.0 cannot hold control characters at all, escaped or not. */
const control = new RegExp(
  `[${String.fromCharCode(0)}-${String.fromCharCode(8)}${String.fromCharCode(11)}-${String.fromCharCode(31)}]`,
  "g",
)

const escaped = (text: string) =>
  text.replace(control, "").replace(/[&<>"\n]/g, (c) => entities[c] ?? c)
