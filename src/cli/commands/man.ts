import type { Call } from "../command.ts"
import { commands } from "../commands.ts"
import { manPage } from "../reference/man-page.ts"
import { version } from "../version.ts"

export async function run(call: Call): Promise<number> {
  call.stdout.write(manPage(commands, version()))
  return 0
}
