import type { ENIConfig } from "../../api/eniconfig.ts"
import type { KubeObject } from "../../api/meta.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import { fail } from "../../errors/catalogue.ts"
import type { Conversion } from "../../fleet/convert/conversion.ts"
import {
  fromAutoMode,
  fromDiscoveryTags,
  fromENIConfigs,
  fromKarpenter,
} from "../../fleet/convert/from-amazon.ts"
import { fromSpiderpool, fromTerway } from "../../fleet/convert/from-others.ts"
import { type Call, list, text } from "../command.ts"
import { readManifestFiles } from "../read-manifests.ts"
import { writeConversion } from "../write-conversion.ts"

type Convert = (objects: readonly KubeObject[], call: Call) => Conversion<SubnetPool>

/** By the name of --from: the kind that is read, and what makes pools of it. */
const sources: Readonly<Record<string, { readonly kind?: string; readonly convert: Convert }>> = {
  eniconfig: {
    kind: "ENIConfig",
    convert: (objects, call) =>
      fromENIConfigs(
        objects as ENIConfig[],
        text(call, "labelKey") ?? "k8s.amazonaws.com/eniConfig",
      ),
  },
  "discovery-tags": { convert: (_, call) => fromDiscoveryTags(text(call, "cluster")) },
  terway: {
    kind: "PodNetworking",
    convert: (objects, call) => fromTerway(objects, new Map(list(call, "map").map(pair))),
  },
  spiderpool: { kind: "SpiderIPPool", convert: fromSpiderpool },
  karpenter: { kind: "EC2NodeClass", convert: fromKarpenter },
  "auto-mode": { kind: "NodeClass", convert: fromAutoMode },
}

/** Exit code 1 when the files hold nothing of the kind. */
export async function run(call: Call): Promise<number> {
  const { kind, convert } = sources[text(call, "from") ?? ""] ?? {}
  if (!convert) return 64
  const objects = (await readManifestFiles(call, call.args)).filter((o) => o.kind === kind)
  if (kind !== undefined && objects.length === 0) {
    call.stderr.write(`there is no ${kind} in the files\n`)
    return 1
  }
  writeConversion(call, convert(objects, call))
  return 0
}

function pair(text: string): [string, string] {
  const [from = "", to = ""] = text.split("=")
  if (from !== "" && to !== "") return [from, to]
  throw fail("cli/bad-option", { option: "--map", value: text, expected: "ID=ID" })
}
