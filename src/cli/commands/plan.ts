import { systemClock } from "../../clock.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { type PlanDocument, planDocument } from "../../fleet/plan/plan-document.ts"
import type { QuotaFacts, Snapshot } from "../../fleet/snapshot.ts"
import { type Call, list, text } from "../command.ts"
import { planPage } from "../plan-page.ts"
import { planRequest, quotasOf } from "../plan-request.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { readSnapshot } from "../snapshot/snapshot-file.ts"
import { terminalOf } from "../terminal.ts"
import { writeOutput } from "../write-output.ts"

/** Exit code 1 when the change cannot begin as things are. */
export async function run(call: Call): Promise<number> {
  const index = indexFleet(withQuotas(await loadSnapshot(call, systemClock), quotasOf(call)))
  const earlier = await Promise.all(list(call, "since").map(readSnapshot))
  const plan = planDocument(index, planRequest(call, index), earlier)
  await writeOutput(call, plan, () => planPage(plan, terminalOf(call)))
  const folder = text(call, "write")
  if (folder !== undefined) await write(call, folder, plan)
  return canBegin(plan) ? 0 : 1
}

const withQuotas = (snapshot: Snapshot, quotas: QuotaFacts): Snapshot =>
  snapshot.aws === undefined
    ? snapshot
    : { ...snapshot, aws: { ...snapshot.aws, quotas: { ...snapshot.aws.quotas, ...quotas } } }

const canBegin = ({ preflight, layout, forecast }: PlanDocument): boolean =>
  forecast.every((f) => f.left >= 0) &&
  preflight.blockers.length === 0 &&
  layout.unplaced.length === 0 &&
  layout.blocks.every((b) => b.refusals.length === 0)

async function write(call: Call, folder: string, plan: PlanDocument): Promise<void> {
  const [{ planFiles }, { writePlanFiles }] = await Promise.all([
    import("../../fleet/plan/render/plan-files.ts"),
    import("../write-plan-files.ts"),
  ])
  const files = planFiles(plan)
  await writePlanFiles(folder, files)
  // Standard output may be JSON.
  for (const { name, about } of files) call.stderr.write(`wrote ${folder}/${name}: ${about}\n`)
}
