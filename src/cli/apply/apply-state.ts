import { createHash } from "node:crypto"
import { readFile, rm } from "node:fs/promises"
import * as v from "valibot"
import { fail } from "../../errors/catalogue.ts"
import { replaceFile } from "../replace-file.ts"
import { fileTrouble } from "../snapshot/file-trouble.ts"

const format = "berth-apply/1"

const schema = v.object({
  format: v.literal(format),
  /** SHA-256 of the plan: a changed plan must not go on where another one stopped. */
  plan: v.string(),
  started: v.array(v.string()),
  done: v.array(v.string()),
  /** Things that were not there before, noted before the call that makes them: these alone are taken back. */
  made: v.array(v.string()),
  /** Ids by what a plan calls them, such as `subnet:us-west-2a`. */
  ids: v.record(v.string(), v.string()),
  /** Specs of objects that were there already, as they were. */
  before: v.record(v.string(), v.unknown()),
  /** What the doctor found blocking before the first step: the plan may be there to mend it. */
  findings: v.array(v.string()),
})

export type ApplyState = v.InferOutput<typeof schema>

/** How far a plan has been carried out, kept in a file next to it. */
export interface StateStore {
  readonly file: string
  readonly state: ApplyState
  /** Every change is saved before the next call. */
  save(): Promise<void>
  /** For a plan that is taken back entirely. */
  remove(): Promise<void>
}

export async function openState(planFile: string, planText: string): Promise<StateStore> {
  const file = planFile.replace(/(?:\.json)?$/, ".state.json")
  const plan = createHash("sha256").update(planText).digest("hex")
  const state = (await readState(file, plan)) ?? {
    format,
    plan,
    ...{ started: [], done: [], made: [], ids: {}, before: {}, findings: [] },
  }
  return {
    file,
    state,
    save: () => replaceFile(file, `${JSON.stringify(state, null, 2)}\n`),
    remove: () => rm(file, { force: true }),
  }
}

async function readState(file: string, plan: string): Promise<ApplyState | undefined> {
  let text: string
  try {
    text = await readFile(file, "utf8")
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined
    throw fail("cli/unreadable-file", { file, why: fileTrouble(error) }, error)
  }
  const state = parsed(text)
  if (state === undefined) throw fail("cli/bad-plan", { file, why: "it is no state of an apply" })
  if (state.plan !== plan)
    throw fail("cli/bad-plan", { file, why: "the plan was changed after it was begun" })
  return state
}

function parsed(text: string): ApplyState | undefined {
  try {
    const result = v.safeParse(schema, JSON.parse(text))
    return result.success ? result.output : undefined
  } catch {
    return undefined
  }
}
