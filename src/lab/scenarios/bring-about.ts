import { fail } from "../../errors/catalogue.ts"
import type { Shell } from "../demo/shell.ts"
import type { Outage } from "./outages.ts"

/** The application is up before anything is broken: what runs keeps its addresses. */
const running = "kubectl rollout status deployment web -n shop --timeout=60s"

/** Types what brings an outage about. Rejects with lab/outage when one of the lines fails. */
export async function bringAbout(
  { name, begin }: Outage,
  shell: Shell,
  tell: (line: string) => void = () => {},
): Promise<void> {
  for (const line of [running, ...begin]) {
    tell(line)
    const { exit, stdout, stderr } = await shell(line)
    if (exit !== 0)
      throw fail("lab/outage", { name, line, why: (stderr || stdout).trim().split("\n")[0] ?? "" })
  }
}
