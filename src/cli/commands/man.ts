import { readFileSync } from "node:fs"
import type { Call } from "../command.ts"
import { commands } from "../commands.ts"
import { manPage } from "../reference/man-page.ts"

export async function run(call: Call): Promise<number> {
  const { version } = JSON.parse(
    readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
  )
  call.stdout.write(manPage(commands, version))
  return 0
}
