import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { nearest } from "../../errors/nearest.ts"
import { checks } from "../../fleet/doctor/checks.ts"
import type { Severity } from "../../fleet/doctor/finding.ts"
import {
  type DoctorReport,
  doctorReport,
  isAsBadAs,
  logReport,
} from "../../fleet/report/doctor-report.ts"
import type { LogSource, Snapshot } from "../../fleet/snapshot.ts"
import { type Call, flag, list, text } from "../command.ts"
import { doctorPage } from "../doctor/doctor-page.ts"
import { junit } from "../doctor/junit.ts"
import { sarif } from "../doctor/sarif.ts"
import { readLogs } from "../logs/read-logs.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { terminalOf } from "../terminal.ts"
import { version } from "../version.ts"
import { writeOutput } from "../write-output.ts"

export async function run(call: Call): Promise<number> {
  const report = await reportOf(call)
  switch (text(call, "output")) {
    case "sarif":
      call.stdout.write(`${JSON.stringify(sarif(report, version()), null, 2)}\n`)
      break
    case "junit":
      call.stdout.write(junit(report))
      break
    default:
      await writeOutput(call, report, () => doctorPage(report, terminalOf(call), flag(call, "all")))
  }
  const limit = text(call, "failOn") ?? "wrong-network"
  return limit !== "never" && isAsBadAs(report, limit as Severity) ? 1 : 0
}

async function reportOf(call: Call): Promise<DoctorReport> {
  const only = onlyOf(call)
  const files = list(call, "logs")
  const bundles = await Promise.all(files.map(readLogs))
  const logs = bundles.flatMap((b) => b.logs)
  const recorded = bundles.find((b) => b.snapshot !== undefined)?.snapshot
  const named = ["snapshot", "context", "kubeconfig"].some((o) => text(call, o) !== undefined)
  // Logs from somewhere else say nothing about the cluster that the current context happens to name.
  if (files.length > 0 && !named && recorded === undefined)
    return logReport(logs, files.join(", "), new Date(systemClock.now()).toISOString())
  const snapshot =
    named || recorded === undefined ? await loadSnapshot(call, systemClock) : recorded
  return doctorReport({ ...snapshot, logs: logs.map((log) => onNode(log, snapshot)) }, only)
}

function onlyOf(call: Call): string[] {
  const known = checks.map((c) => c.id)
  const asked = list(call, "only").flatMap((o) => o.toUpperCase().split(","))
  for (const id of asked) {
    if (known.includes(id) || known.some((k) => id.length === 1 && k.startsWith(id))) continue
    throw fail("cli/not-found", { kind: "check", name: id, near: nearest(id, known) })
  }
  return asked
}

/** Log collectors name files by instance; the cluster knows nodes. */
function onNode(log: LogSource, { cluster }: Snapshot): LogSource {
  if (!log.node?.startsWith("i-")) return log
  const node = cluster.nodes.find((n) => n.providerID?.endsWith(`/${log.node}`))
  return node === undefined ? log : { ...log, node: node.name }
}
