import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { explainEniConfig } from "../../fleet/explain/explain-eniconfig.ts"
import { explainNode } from "../../fleet/explain/explain-node.ts"
import { explainPod } from "../../fleet/explain/explain-pod.ts"
import { explainSubnet } from "../../fleet/explain/explain-subnet.ts"
import { type Explanation, renderExplanation } from "../../fleet/explain/explanation.ts"
import { type FleetIndex, indexFleet } from "../../fleet/facts/fleet-index.ts"
import { type Call, text } from "../command.ts"
import { nearest } from "../nearest.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { writeOutput } from "../write-output.ts"

type Explain = (index: FleetIndex, name: string, call: Call) => Explanation

/** By kind, as kubectl names them. */
const explainers: Readonly<Record<string, Explain>> = {
  pod: (index, name, call) => {
    const [namespace, pod] = name.includes("/")
      ? (name.split("/", 2) as [string, string])
      : [text(call, "namespace") ?? "default", name]
    const all = index.snapshot.cluster.pods
    const found = all.find((p) => p.namespace === namespace && p.name === pod)
    if (found === undefined)
      throw notFound(
        "pod",
        `${namespace}/${pod}`,
        all.map((p) => `${p.namespace}/${p.name}`),
      )
    return explainPod(index, found, text(call, "to"))
  },
  node: (index, name) => {
    const found = index.node(name)
    if (found === undefined)
      throw notFound(
        "node",
        name,
        index.snapshot.cluster.nodes.map((n) => n.name),
      )
    return explainNode(index, found)
  },
  eniconfig: (index, name) => {
    const all = index.snapshot.cluster.eniConfigs
    const found = all.find((c) => c.metadata.name === name)
    if (found === undefined)
      throw notFound(
        "ENIConfig",
        name,
        all.map((c) => c.metadata.name),
      )
    return explainEniConfig(index, found)
  },
  subnet: (index, name) => {
    const found = index.subnet(name)
    if (found === undefined)
      throw notFound(
        "subnet",
        name,
        (index.snapshot.aws?.subnets ?? []).map((s) => s.id),
      )
    return explainSubnet(index, found)
  },
}

const notFound = (kind: string, name: string, names: readonly string[]) =>
  fail("cli/not-found", { kind, name, near: nearest(name, names) })

export async function run(call: Call): Promise<number> {
  const [kind = "", name = ""] = call.args
  const index = indexFleet(await loadSnapshot(call, systemClock))
  const explanation = explainers[kind]!(index, name, call)
  await writeOutput(call, explanation, () => renderExplanation(explanation))
  return explanation.ok ? 0 : 1
}
