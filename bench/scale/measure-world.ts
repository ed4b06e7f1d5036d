import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { launchWorld } from "../../src/lab/sandbox/launch-world.ts"
import { stateFiles, type WorldInput } from "../../src/lab/world/state-folder.ts"
import { scenario } from "./scenario.ts"
import type { Figures } from "./world.ts"

export interface Run {
  readonly prefixDelegation: boolean
  /** IP_COOLDOWN_PERIOD. */
  readonly cooldownSeconds: number
  /** Builds of the two processes; their sources by default. */
  readonly scripts?: { readonly agent: string; readonly controller: string }
}

const script = fileURLToPath(new URL("./world.ts", import.meta.url))

/** Runs the measures in a lab of their own. Rejects with lab/world-ended when one of them cannot be carried out. */
export async function measureWorld(run: Run, progress: (text: string) => void): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-"))
  try {
    const input: WorldInput = { name: "bench", folder, scenario }
    writeFileSync(stateFiles(folder).input, JSON.stringify(input))
    const world = await launchWorld({
      ...{ script, folder, args: [folder, JSON.stringify(run)] },
      onEvent: (event) => event.event === "progress" && progress(event.text),
    })
    await world.stop()
    return JSON.parse(world.facts["figures"] ?? "") as Figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
