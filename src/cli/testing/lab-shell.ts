import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { environmentOf } from "../../lab/environment.ts"
import type { Lab } from "../../lab/lab.ts"
import { launchLab } from "../../lab/launch.ts"
import type { Scenario } from "../../lab/scenario.ts"
import { type Ran, run } from "./run.ts"

/** A lab, and command lines as somebody types them beside it. */
export interface LabShell extends AsyncDisposable {
  readonly lab: Lab
  /** Empty at first, and removed with the lab. */
  readonly folder: string
  /** What programs need in their environment to reach the lab. */
  readonly env: Readonly<Record<string, string>>
  readonly berth: (...argv: readonly string[]) => Promise<Ran>
}

/** Starts a lab for this process alone: the SDK reads the environment of the process, so there can be one at a time. */
export async function labShell(scenario: Scenario, hollow: boolean): Promise<LabShell> {
  await using undo = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), "berth-e2e-"))
  undo.defer(() => rmSync(folder, { recursive: true }))
  const name = `cli-${process.pid}`
  const lab = await launchLab({ name, scenario, hollow, kubePort: 0, ec2Port: 0 })
  undo.defer(() => lab.stop())
  const reach = environmentOf(lab)
  const saved = { ...process.env }
  undo.defer(() => {
    for (const key of Object.keys(reach)) delete process.env[key]
    Object.assign(process.env, saved)
  })
  Object.assign(process.env, reach)
  const env = { ...reach, XDG_STATE_HOME: folder }
  const owned = undo.move()
  return {
    ...{ lab, folder, env },
    berth: (...argv) => run(argv, { env }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
