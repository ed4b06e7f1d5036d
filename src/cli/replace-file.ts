import { randomBytes } from "node:crypto"
import { rename, rm, writeFile } from "node:fs/promises"
import { fail } from "../errors/catalogue.ts"
import { fileTrouble } from "./snapshot/file-trouble.ts"

/**
 * Writes a file whole or not at all: beside the target first, so that an interrupted write never looks like one. Mode
 * 0600: what Berth records names a whole network.
 */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  const part = `${file}.${randomBytes(4).toString("hex")}.part`
  try {
    await writeFile(part, content, { mode: 0o600 })
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw fail("cli/unwritable-file", { file, why: fileTrouble(error) }, error)
  }
}
