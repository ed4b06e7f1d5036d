import type { Finding, Severity } from "../../fleet/doctor/finding.ts"
import { plural, severities } from "../../fleet/doctor/finding.ts"
import type { DoctorReport } from "../../fleet/report/doctor-report.ts"
import type { Style, Terminal } from "../terminal.ts"
import { wrap } from "../wrap.ts"

const findingsMost = 25
const evidenceMost = 4

const colours: Record<Severity, Style> = {
  blocking: "red",
  "wrong-network": "red",
  risk: "yellow",
  note: "dim",
}

/** The findings for people: each with what proves it and what to do, as a command to paste. */
export function doctorPage(report: DoctorReport, terminal: Terminal, all: boolean): string {
  const shown = report.findings.slice(0, all ? undefined : findingsMost)
  const left = report.findings.length - shown.length
  return [
    `${report.source}: ${summary(report)}\n`,
    ...shown.map((f) => `\n${findingLines(f, terminal, all)}`),
    ...(left > 0 ? [`\n... ${left.toLocaleString("en")} more findings (--all)\n`] : []),
    skippedLines(report, terminal, all),
  ].join("")
}

function summary({ findings, passed, skipped }: DoctorReport): string {
  const counts = severities.flatMap((severity) => {
    const count = findings.filter((f) => f.severity === severity).length
    return count === 0 ? [] : [`${count} ${severity}`]
  })
  return [
    counts.length === 0 ? "nothing found" : counts.join(", "),
    `${plural(passed.length, "check")} passed`,
    ...(skipped.length === 0 ? [] : [`${skipped.length} not made`]),
  ].join("; ")
}

function findingLines(f: Finding, { width, paint }: Terminal, all: boolean): string {
  const inner = width && width - 6
  const evidence = f.evidence.slice(0, all ? undefined : evidenceMost)
  const hidden = f.evidence.length - evidence.length
  const lines = [
    wrap(`${f.check} ${f.severity}  ${f.object}: ${f.says}`, width, "  ").replace(
      f.severity,
      paint(colours[f.severity], f.severity),
    ),
    ...evidence.map((e) => `    - ${wrap(e, inner, "      ")}`),
    ...(hidden > 0 ? [`    - ... ${hidden} more`] : []),
    wrap(`    fix: ${f.fix.says}`, width, "      "),
    // Never broken: it is there to be pasted.
    ...(f.fix.command === undefined ? [] : [`      ${paint("bold", `$ ${f.fix.command}`)}`]),
  ]
  return `${lines.join("\n")}\n`
}

function skippedLines({ skipped }: DoctorReport, { width }: Terminal, all: boolean): string {
  if (skipped.length === 0) return ""
  if (all) {
    const lines = skipped.map((s) => wrap(`${s.check} ${s.title}: ${s.why}`, width, "    "))
    return `\nNot made:\n${lines.map((line) => `  ${line}\n`).join("")}`
  }
  const ids = skipped.map((s) => s.check).join(" ")
  return `\n${wrap(`Not made, for want of a reading (--all says which): ${ids}`, width, "  ")}\n`
}
