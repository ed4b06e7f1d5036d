import { readFile } from "node:fs/promises"
import { BerthError } from "../../errors/berth-error.ts"
import { fail } from "../../errors/catalogue.ts"
import { type Snapshot, snapshotFormat } from "../../fleet/snapshot.ts"
import { replaceFile } from "../replace-file.ts"
import { fileTrouble } from "./file-trouble.ts"

export const writeSnapshot = (file: string, snapshot: Snapshot): Promise<void> =>
  replaceFile(file, JSON.stringify(snapshot))

export async function readSnapshot(file: string): Promise<Snapshot> {
  try {
    return parseSnapshot(await readFile(file, "utf8"), file)
  } catch (error) {
    if (error instanceof BerthError) throw error
    throw fail("cli/unreadable-file", { file, why: fileTrouble(error) }, error)
  }
}

/** A snapshot from its text; `file` names it in errors. */
export function parseSnapshot(text: string, file: string): Snapshot {
  const parsed = jsonOf(text, file) as Partial<Snapshot> | null
  const refuse = (why: string) => fail("cli/bad-snapshot", { file, why })
  if (typeof parsed?.format !== "string") throw refuse("it has no format field")
  if (parsed.format !== snapshotFormat) throw refuse(`its format is ${parsed.format}`)
  const broken = [
    ...brokenLists("cluster", clusterLists, parsed.cluster),
    ...(parsed.aws === undefined ? [] : brokenLists("aws", awsLists, parsed.aws)),
    ...brokenLists("", ["unread"], parsed),
  ]
  if (broken[0] !== undefined) throw refuse(`${broken[0]} is no list`)
  return parsed as Snapshot
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = text.trimStart().startsWith("{")
      ? "it ends in the middle (an interrupted copy?)"
      : text.trim() === ""
        ? "it is empty"
        : "it is not JSON"
    throw fail("cli/bad-snapshot", { file, why }, error)
  }
}

/** What every snapshot has had since its format is what it is: decisions take these for granted. */
const clusterLists = [
  ...["nodes", "pods", "eniConfigs", "subnetPools", "securityGroupPolicies", "nodeNetworks"],
  ...["disruptionBudgets", "warnings", "namespaces", "serviceAccounts"],
]
const awsLists = [
  ...["subnets", "securityGroups", "interfaces", "instances", "routeTables", "reservations"],
  ...["autoScalingGroups", "nodeGroups"],
]

function brokenLists(part: string, names: readonly string[], value: unknown): string[] {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>
  return names
    .filter((name) => !Array.isArray(fields[name]))
    .map((name) => (part === "" ? name : `${part}.${name}`))
}
