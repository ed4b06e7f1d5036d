import { existsSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import type { PlanFile } from "../fleet/plan/render/plan-files.ts"
import { fileTrouble } from "./snapshot/file-trouble.ts"

/** Writes the files into `folder`, made when it is not there. A file that is there already may be somebody's work: an error. */
export async function writePlanFiles(folder: string, files: readonly PlanFile[]): Promise<void> {
  const at = (name: string) => join(folder, name)
  let file = folder
  try {
    await mkdir(folder, { recursive: true })
    // Looked at before anything is written, so that a refusal leaves nothing behind.
    const there = files.find(({ name }) => existsSync(at(name)))
    if (there !== undefined)
      throw fail("cli/unwritable-file", { file: at(there.name), why: "it exists already" })
    for (const { name, text, executable } of files) {
      file = at(name)
      await writeFile(file, text, { flag: "wx", mode: executable ? 0o755 : 0o644 })
    }
  } catch (error) {
    if (error instanceof BerthError) throw error
    throw fail("cli/unwritable-file", { file, why: fileTrouble(error) }, error)
  }
}
