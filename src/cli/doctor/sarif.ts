import { createHash } from "node:crypto"
import type { Finding, Severity } from "../../fleet/doctor/finding.ts"
import type { DoctorReport } from "../../fleet/report/doctor-report.ts"

const levels: Record<Severity, "error" | "warning" | "note"> = {
  blocking: "error",
  "wrong-network": "error",
  risk: "warning",
  note: "note",
}

/**
 * SARIF 2.1.0 (OASIS), as code scanning takes it. A finding is about an object of the cluster, not a file; the
 * location's URI is the object's name, since readers such as GitHub refuse results without one.
 */
export function sarif(report: DoctorReport, version: string): object {
  const rules = [
    ...new Set([...Object.keys(report.titles), ...report.findings.map((f) => f.check)]),
  ]
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "berth",
            version,
            rules: rules.map((id) => ({
              id,
              shortDescription: { text: report.titles[id] },
            })),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: report.skipped.map((s) => ({
              level: "note",
              message: { text: `not made: ${s.title}: ${s.why}` },
              associatedRule: { id: s.check },
            })),
          },
        ],
        results: report.findings.map((f) => resultOf(f, rules)),
      },
    ],
  }
}

function resultOf(f: Finding, rules: readonly string[]): object {
  const fix = f.fix.command === undefined ? f.fix.says : `${f.fix.says}\n$ ${f.fix.command}`
  return {
    ruleId: f.check,
    ruleIndex: rules.indexOf(f.check),
    level: levels[f.severity],
    message: { text: [f.says, ...f.evidence.map((e) => `- ${e}`), `fix: ${fix}`].join("\n") },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: encodeURI(f.object) } },
        logicalLocations: [{ fullyQualifiedName: f.object, kind: "resource" }],
      },
    ],
    // The same trouble of the same object is the same alert, however its numbers change.
    partialFingerprints: {
      "berth/v1": createHash("sha256").update(`${f.check} ${f.object}`).digest("hex").slice(0, 32),
    },
    properties: { severity: f.severity, fix: f.fix.kind },
  }
}
