import { systemClock } from "../../clock.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { type PlanDocument, planDocument } from "../../fleet/plan/plan-document.ts"
import { type Call, text } from "../command.ts"
import { planPage } from "../plan-page.ts"
import { planRequest } from "../plan-request.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { terminalOf } from "../terminal.ts"
import { writeOutput } from "../write-output.ts"

/** Exit code 1 when the change cannot begin as things are. */
export async function run(call: Call): Promise<number> {
  const index = indexFleet(await loadSnapshot(call, systemClock))
  const plan = planDocument(index, planRequest(call, index))
  await writeOutput(call, plan, () => planPage(plan, terminalOf(call)))
  const folder = text(call, "write")
  if (folder !== undefined) await write(call, folder, plan)
  return canBegin(plan) ? 0 : 1
}

const canBegin = ({ preflight, layout }: PlanDocument): boolean =>
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
