import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"

/** One entry per module and version of it: about ten times what a lab loads. */
const entriesMax = 10_000

/**
 * Folder where the lab's processes keep their modules as compiled: compiling TypeScript anew would cost each of them half
 * a second. Outdated entries are never removed one by one (Node keeps no account of them), so it is emptied when full.
 */
export function compiledCode(root: string): string {
  // No lab's name begins with a dot.
  const folder = join(root, ".compiled")
  if (entriesIn(folder) > entriesMax) rmSync(folder, { recursive: true, force: true })
  return folder
}

function entriesIn(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true }).length
  } catch {
    return 0
  }
}
