import type { SubnetPool } from "../../api/subnetpool.ts"
import { systemClock } from "../../clock.ts"
import type { Conversion } from "../../fleet/convert/conversion.ts"
import {
  type ExportFacts,
  toAutoMode,
  toDiscoveryTags,
  toENIConfigs,
} from "../../fleet/convert/to-amazon.ts"
import { type Call, text } from "../command.ts"
import { readManifestFiles } from "../read-manifests.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { writeConversion } from "../write-conversion.ts"

type Convert = (pools: readonly SubnetPool[], facts: ExportFacts, cluster?: string) => Conversion

const targets: Readonly<Record<string, Convert>> = {
  eniconfig: toENIConfigs,
  "discovery-tags": toDiscoveryTags,
  "auto-mode": toAutoMode,
}

/** The pools of the files, else those of the cluster; which subnets they select is asked of AWS or the snapshot. */
export async function run(call: Call): Promise<number> {
  const convert = targets[text(call, "to") ?? ""]
  if (!convert) return 64
  const { cluster, aws } = await loadSnapshot(call, systemClock)
  const given = await readManifestFiles(call, call.args)
  const pools = call.args.length === 0 ? cluster.subnetPools : given.filter(isPool)
  if (pools.length === 0) {
    call.stderr.write("there is no SubnetPool to export\n")
    return 1
  }
  const facts = { subnets: aws?.subnets ?? [], groups: aws?.securityGroups ?? [] }
  writeConversion(call, convert(pools, facts, cluster.name))
  return 0
}

const isPool = (object: { kind: string }): object is SubnetPool => object.kind === "SubnetPool"
