import { readFile } from "node:fs/promises"
import * as v from "valibot"
import { fail } from "../../errors/catalogue.ts"
import { type PlanDocument, planFormat } from "../../fleet/plan/plan-document.ts"
import { fileTrouble } from "../snapshot/file-trouble.ts"

const named = v.looseObject({
  kind: v.picklist(["ENIConfig", "SubnetPool"]),
  metadata: v.looseObject({ name: v.string() }),
})
const schema = v.looseObject({
  format: v.literal(planFormat),
  takenAt: v.string(),
  site: v.looseObject({
    region: v.string(),
    berth: v.boolean(),
    routeTables: v.record(v.string(), v.string()),
  }),
  layout: v.looseObject({
    blocks: v.array(v.looseObject({ cidr: v.string(), create: v.boolean() })),
    subnets: v.array(v.looseObject({ zone: v.string(), cidr: v.string() })),
  }),
  objects: v.array(named),
  env: v.array(v.looseObject({ name: v.string(), value: v.string() })),
  steps: v.array(
    v.looseObject({ id: v.string(), title: v.string(), commands: v.array(v.string()) }),
  ),
  replace: v.array(v.looseObject({ node: v.string(), instance: v.optional(v.string()) })),
  preflight: v.looseObject({ blockers: v.array(v.unknown()) }),
})

/** A plan that `berth plan` wrote, with its text. */
export async function readPlan(file: string): Promise<{ plan: PlanDocument; text: string }> {
  let text: string
  try {
    text = await readFile(file, "utf8")
  } catch (error) {
    throw fail("cli/unreadable-file", { file, why: fileTrouble(error) }, error)
  }
  return { plan: parsePlan(text, file), text }
}

function parsePlan(text: string, file: string): PlanDocument {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw fail("cli/bad-plan", { file, why: "it is not JSON" }, error)
  }
  const result = v.safeParse(schema, value)
  if (result.success) return value as PlanDocument
  const [issue] = result.issues
  const path = v.getDotPath(issue) ?? "it"
  throw fail("cli/bad-plan", { file, why: `${path}: ${issue.message}` })
}

/** Why a plan cannot be carried out at all; undefined when it can. */
export function whyNot(plan: PlanDocument): string | undefined {
  const { preflight, layout, site, steps } = plan
  const [blocker] = preflight.blockers
  if (blocker !== undefined) return `${blocker.object}: ${blocker.says} (${blocker.check})`
  const refusal = layout.blocks.flatMap((b) => b.refusals)[0]
  if (refusal !== undefined) return refusal
  const [zone] = layout.unplaced
  if (zone !== undefined) return `no room for a pod subnet in ${zone}`
  const needsVpc = steps.some((s) => s.id === "block" || s.id === "subnets")
  if (needsVpc && (site.vpcId === undefined || site.region === ""))
    return "it was made without reading AWS, so that it does not know the VPC"
  return undefined
}
