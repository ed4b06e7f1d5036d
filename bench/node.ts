import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { until } from "../src/agent/testing/agent-world.ts"
import { podInterface, primaryInterface } from "../src/agent/testing/fake-controller.ts"
import type { NodeLab } from "../src/agent/testing/node-lab.ts"
import type { Launch, Launcher } from "./launcher.ts"

/** Folders for the agent's state: in memory, as /var/run/aws-node is on a host, and on this machine's disk. */
export const stateFolders = {
  memory: () => mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "berth-bench-")),
  disk: () => mkdtempSync(join(tmpdir(), "berth-bench-")),
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** Starts the agent with room for 240 pods; resolves when it can attach them. */
export async function startNode(lab: NodeLab): Promise<void> {
  const interfaces = [primaryInterface(), podInterface(1, 120), podInterface(2, 120)]
  for (const eni of interfaces) lab.attach(eni)
  lab.startAgent()
  await until("spec of the agent", () => lab.controller.read())
  await lab.controller.grant(interfaces)
  const conflist = join(lab.environment.HOST_CNI_CONFDIR_PATH, "10-aws.conflist")
  await until("CNI configuration", () => existsSync(conflist))
}

/** Resolves when the last call has ended; throws when one failed. */
export async function all(
  launcher: Launcher,
  command: string,
  names: readonly string[],
): Promise<Launch[]> {
  const launches = await launcher.run(names.map((container) => ({ command, container })))
  const failed = launches.filter((l) => l.code !== 0).length
  if (failed > 0) throw new Error(`${failed} of ${names.length} calls of ${command} failed`)
  return launches
}

/** Ends sandboxes as a runtime does, and waits until the kernel has cleared them away, which it does on the side. */
export async function endSandboxes(lab: NodeLab, names: readonly string[]): Promise<void> {
  for (const name of names) lab.removeSandbox(name)
  const hasPods = () => lab.host.links().some((link) => link.name.startsWith("eni"))
  await until("the kernel clears the sandboxes away", () => !hasPods(), 60_000)
}

export const namesOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`)

/** Resident memory of the agent. */
export function agentMiB(lab: NodeLab): number {
  const status = readFileSync(`/proc/${lab.agentPid()}/status`, "utf8")
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}
