import { bundle } from "../scripts/bundle.ts"
import { crashRow } from "./crash-row.ts"
import type { Row } from "./row.ts"
import { measureWorld } from "./scale/measure-world.ts"
import { criticalPathMs } from "./scale/scenario.ts"
import type { Figures } from "./scale/world.ts"

/**
 * How a node's network grows, beside what the cloud takes for it. The whole system runs on this machine (controller,
 * agent, plugin, API server, kubelets) over an emulated EC2 with the usual latencies, and is measured from inside. Takes
 * about a minute and a half.
 */
export async function scale(): Promise<Row[]> {
  const scripts = { agent: await bundle("agent"), controller: await bundle("controller") }
  const measure = (mode: string, prefixDelegation: boolean) =>
    measureWorld({ prefixDelegation, cooldownSeconds: 30, scripts }, (text) =>
      console.error(`  ${mode}: ${text}`),
    )
  const addresses = await measure("addresses", false)
  const prefixes = await measure("prefixes", true)
  return [
    {
      what: "the cloud: create + attach + link visible",
      value: criticalPathMs / 1000,
      unit: "s",
    },
    ...burstRows("", addresses, { all: "24.5 s", failed: "624" }),
    ...burstRows(", prefixes", prefixes, { all: "31-33 s", failed: "834" }),
    ...steadyRows(addresses.churned, prefixes.crashed),
    ...convergenceRows(addresses),
  ]
}

/** Nothing serves sooner than the cloud does; two creations would be twice that. */
const oneCreate = 1.2

/** A time, as a multiple of what the cloud takes. */
const overCloud = (ms: number, aim?: number): Pick<Row, "value" | "unit" | "ratio" | "aim"> => ({
  value: ms / 1000,
  unit: "s",
  ratio: { value: ms / criticalPathMs, to: "the cloud" },
  ...(aim !== undefined && { aim }),
})

function burstRows(
  mode: string,
  { cold, burst }: Figures,
  original: { all: string; failed: string },
): Row[] {
  const calls = { unit: "calls", value: cold.calls }
  const metadata = burst.metadataCalls + cold.metadataCalls
  return [
    { what: `cold node${mode}: EC2`, ...calls, aim: 4, original: mode ? "" : "8" },
    { what: `cold node${mode}: launched to serving`, ...overCloud(cold.servingMs) },
    {
      ...{ what: `110 pods at once${mode}: failed ADDs`, value: burst.failedAdds, unit: "" },
      ...{ aim: 0, original: original.failed },
    },
    {
      ...{ what: `110 pods at once${mode}: all addressed`, original: original.all },
      ...overCloud(burst.assignedMs, 1.5),
    },
    { what: "  shown by the API", ...overCloud(burst.shownMs, 1.5) },
    { what: "  EC2", value: burst.calls, unit: "calls" },
    {
      ...{ what: "  instance metadata, from the launch on", value: metadata, unit: "calls" },
      ...{ aim: 0, original: mode ? "" : "68 for a cold node" },
    },
    { what: "  agent", value: burst.agentMiB, unit: "MiB" },
  ]
}

function steadyRows(churned: Figures["churned"], crashed: Figures["crashed"]): Row[] {
  const again: Pick<Row, "what" | "unit"> = {
    what: "100 pods deleted and created again: EC2",
    unit: "calls",
  }
  return [
    ...(churned ? [{ ...again, value: churned.calls, aim: 0, original: "32" }] : []),
    ...(crashed ? [crashRow(110, crashed.firstAddMs)] : []),
  ]
}

function convergenceRows({ groups, rebound, exhausted }: Figures): Row[] {
  if (!groups || !rebound || !exhausted) return []
  const within = (what: string, ms: number, original?: string): Row => ({
    ...{ what, value: ms / 1000, unit: "s", aim: 1 },
    ...(original !== undefined && { original }),
  })
  const perInterface = (groups.byAction["ModifyNetworkInterfaceAttribute"] ?? 0) / groups.interfaces
  return [
    {
      what: `security groups edited, ${groups.interfaces} live ENIs`,
      value: groups.ms / 1000,
      unit: "s",
      original: "never",
    },
    { what: "  calls for each ENI", value: perInterface, unit: "calls", aim: 1 },
    {
      ...{ what: "another binding: a pod has an address of it", original: "54 s" },
      ...overCloud(rebound.ms, oneCreate),
    },
    within("subnet full: reason on the pod", exhausted.onPodMs, "no reason"),
    within("  on the node", exhausted.onNodeMs, "none"),
    within("  on the ENIConfig", exhausted.onConfigMs, "none"),
    within("  as condition of the ENIConfig", exhausted.conditionMs, "none"),
    {
      ...{ what: "  a new subnet named: its pods served", original: "54 s, or not within 240 s" },
      ...overCloud(exhausted.servedMs, oneCreate),
    },
  ]
}
