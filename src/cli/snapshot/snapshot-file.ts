import { readFile } from "node:fs/promises"
import { BerthError } from "../../errors/berth-error.ts"
import { fail } from "../../errors/catalogue.ts"
import { type Snapshot, snapshotFormat } from "../../fleet/snapshot.ts"
import { replaceFile } from "../replace-file.ts"
import { fileTrouble } from "./file-trouble.ts"

export const writeSnapshot = (file: string, snapshot: Snapshot): Promise<void> =>
  replaceFile(file, JSON.stringify(snapshot))

export async function readSnapshot(file: string): Promise<Snapshot> {
  try {
    return parseSnapshot(await readFile(file, "utf8"), file)
  } catch (error) {
    if (error instanceof BerthError) throw error
    throw fail("cli/unreadable-file", { file, why: fileTrouble(error) }, error)
  }
}

/** A snapshot from its text; `file` names it in errors. */
export function parseSnapshot(text: string, file: string): Snapshot {
  let parsed: Partial<Snapshot>
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    const why = text.trimStart().startsWith("{")
      ? "it ends in the middle (an interrupted copy?)"
      : "it is not JSON"
    throw fail("cli/bad-snapshot", { file, why }, error)
  }
  if (parsed === null || typeof parsed !== "object" || parsed.format !== snapshotFormat) {
    const why =
      typeof parsed?.format === "string"
        ? `its format is ${parsed.format}`
        : "it has no format field"
    throw fail("cli/bad-snapshot", { file, why })
  }
  if (
    parsed.cluster === undefined ||
    !Array.isArray(parsed.cluster.nodes) ||
    !Array.isArray(parsed.cluster.pods)
  ) {
    throw fail("cli/bad-snapshot", { file, why: "its cluster part is missing" })
  }
  return parsed as Snapshot
}
