import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { type FleetIndex, indexFleet } from "../../fleet/facts/fleet-index.ts"
import { compareMaxPods } from "../../fleet/max-pods/compare-max-pods.ts"
import { instanceTypes, limitsOf } from "../../vpc/instance-limits.ts"
import { type MaxPodsQuestion, maxPods } from "../../vpc/max-pods.ts"
import { type Call, flag, text } from "../command.ts"
import { fleetPage, modesPage, typesPage } from "../max-pods-page.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { terminalOf } from "../terminal.ts"
import { wholeNumber } from "../whole-number.ts"
import { writeOutput } from "../write-output.ts"

type Mode = Omit<MaxPodsQuestion, "type">

/** One type by flag: the number alone, as max-pods-calculator.sh prints it. Types: a table. Nothing: the cluster. */
export async function run(call: Call): Promise<number> {
  const mode = modeOf(call)
  const type = await typeByFlag(call)
  if (type !== undefined) {
    const { recommended, allowed } = maxPods({ type, ...mode })
    call.stdout.write(`${flag(call, "showMaxAllowed") ? allowed : recommended}\n`)
    return 0
  }
  return call.args.length > 0
    ? ofTypes(call, call.args.flatMap(matching), mode)
    : ofCluster(call, mode)
}

async function typeByFlag(call: Call): Promise<string | undefined> {
  if (!flag(call, "instanceTypeFromImds")) return text(call, "instanceType")
  const { instanceTypeFromImds } = await import("../instance-type-from-imds.ts")
  return instanceTypeFromImds(call.env)
}

function modeOf(call: Call): Mode {
  const maxENI = wholeNumber(call, "cniMaxEni", { least: 0, most: 1000 })
  const unmanaged = wholeNumber(call, "unmanagedEnis", { least: 0, most: 1000 })
  const cniVersion = text(call, "cniVersion")
  return {
    ...(flag(call, "cniCustomNetworkingEnabled") && { customNetworking: true }),
    ...(flag(call, "cniPrefixDelegationEnabled") && { prefixDelegation: true }),
    ...(flag(call, "securityGroupsForPods") && { securityGroupsForPods: true }),
    ...(maxENI !== undefined && { maxENI }),
    ...(unmanaged !== undefined && { unmanaged }),
    ...(cniVersion !== undefined && { cniVersion }),
  }
}

/** A type, or every type that a pattern such as `m5.*` or a family such as `m5` names. */
function matching(pattern: string): readonly string[] {
  if (!pattern.includes("*") && pattern.includes(".")) return [pattern]
  const wanted = pattern.includes("*") ? pattern : `${pattern}.*`
  const parts = wanted.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
  const found = instanceTypes.filter((type) => new RegExp(`^${parts.join(".*")}$`).test(type))
  return found.length > 0 ? found : [pattern]
}

async function ofTypes(call: Call, types: readonly string[], mode: Mode): Promise<number> {
  const ask = (type: string, change: Mode = {}) => maxPods({ type, ...mode, ...change })
  const terminal = terminalOf(call)
  if (mode.customNetworking || mode.prefixDelegation) {
    const rows = types.map((type) => ({ type, ...ask(type) }))
    await writeOutput(call, rows, () => typesPage(rows, terminal))
    return 0
  }
  const allowed = flag(call, "showMaxAllowed")
  const number = (type: string, change: Mode) => {
    const answer = ask(type, change)
    return allowed ? answer.allowed : answer.recommended
  }
  const rows = types.map((type) => ({
    type,
    interfaces: limitsOf(type).maxEnis,
    addressesPerInterface: limitsOf(type).ipv4PerEni,
    plain: number(type, {}),
    customNetworking: number(type, { customNetworking: true }),
    prefixes: number(type, { prefixDelegation: true }),
    both: number(type, { customNetworking: true, prefixDelegation: true }),
  }))
  await writeOutput(call, rows, () => modesPage(rows, terminal))
  return 0
}

/** What the nodes themselves tell: to state it for all of them would be wrong for some. */
const toldByCluster = {
  unmanaged: "--unmanaged-enis",
  securityGroupsForPods: "--security-groups-for-pods",
  cniVersion: "--cni-version",
} as const

/** With a mode, the cluster as it would be in that mode. */
async function ofCluster(call: Call, mode: Mode): Promise<number> {
  for (const [key, option] of Object.entries(toldByCluster)) {
    const value = mode[key as keyof typeof toldByCluster]
    if (value !== undefined)
      throw fail("cli/bad-option", {
        option,
        value: String(value),
        expected: "for a cluster, whose nodes tell it themselves: name instance types",
      })
  }
  const index = changed(indexFleet(await loadSnapshot(call, systemClock)), mode)
  const rows = compareMaxPods(index)
  const cluster = index.snapshot.cluster.name ?? "CLUSTER"
  await writeOutput(call, rows, () =>
    fleetPage(rows, { mode: index.mode, cluster }, terminalOf(call)),
  )
  return rows.some((r) => r.verdict === "too many") ? 1 : 0
}

function changed(
  index: FleetIndex,
  { maxENI, customNetworking, prefixDelegation }: Mode,
): FleetIndex {
  const { cluster } = index.snapshot
  const set = cluster.daemonSet
  const capped =
    set === undefined || maxENI === undefined
      ? cluster
      : { ...cluster, daemonSet: { ...set, env: { ...set.env, MAX_ENI: String(maxENI) } } }
  return {
    ...index,
    snapshot: { ...index.snapshot, cluster: capped },
    mode: {
      ...index.mode,
      ...(customNetworking && { customNetworking }),
      ...(prefixDelegation && { prefixDelegation }),
    },
  }
}
