import { systemClock } from "../../clock.ts"
import type { AdmissionFinding } from "../../fleet/admission/finding.ts"
import { isPlacementObject, judgeObjects } from "../../fleet/admission/judge-objects.ts"
import { type Call, flag, text } from "../command.ts"
import { readManifestFiles } from "../read-manifests.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { writeOutput } from "../write-output.ts"

interface Report {
  readonly objects: number
  readonly denied: number
  readonly warnings: number
  readonly findings: readonly AdmissionFinding[]
}

/** Exit code 1 when something would be refused, or with --strict warned about. */
export async function run(call: Call): Promise<number> {
  const objects = await readManifestFiles(call, call.args)
  const live = flag(call, "live") || text(call, "snapshot") !== undefined
  const snapshot = live ? await loadSnapshot(call, systemClock) : undefined
  const findings = judgeObjects(objects, snapshot)
  const count = (verdict: AdmissionFinding["verdict"]) =>
    findings.filter((f) => f.verdict === verdict).length
  const report: Report = {
    objects: objects.filter(isPlacementObject).length,
    denied: count("deny"),
    warnings: count("warn"),
    findings,
  }
  await writeOutput(call, report, () => page(report))
  return report.denied > 0 || (flag(call, "strict") && report.warnings > 0) ? 1 : 0
}

function page({ objects, denied, warnings, findings }: Report): string {
  const lines = findings.map(({ verdict, message, hint, code }) => {
    const mark = verdict === "deny" ? "denied " : "warning"
    return `${mark}  ${message}. ${hint} [${code}]`
  })
  const of = `${objects} ENIConfigs, SubnetPools and SecurityGroupPolicies`
  return `${[...lines, `${of}: ${denied} would be denied, ${warnings} warnings`].join("\n")}\n`
}
