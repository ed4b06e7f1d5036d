import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { namespaceRights } from "../rights.ts"

/** Runs `register` with a folder to bind namespaces in, or registers a skipped test that says why there are none. */
export function withNamespaces(register: (folder: string) => void): void {
  const rights = namespaceRights()
  if (!rights.allowed) {
    test("network namespaces", { skip: rights.why }, () => {})
    return
  }
  const folder = mkdtempSync(join(tmpdir(), "berth-netns-"))
  after(() => rmSync(folder, { recursive: true, force: true }))
  register(folder)
}
