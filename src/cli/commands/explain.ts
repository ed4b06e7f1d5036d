import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { explainEniConfig } from "../../fleet/explain/explain-eniconfig.ts"
import { explainNode } from "../../fleet/explain/explain-node.ts"
import { explainPod } from "../../fleet/explain/explain-pod.ts"
import { explainSubnet } from "../../fleet/explain/explain-subnet.ts"
import type { Explanation } from "../../fleet/explain/explanation.ts"
import { type FleetIndex, indexFleet } from "../../fleet/facts/fleet-index.ts"
import { type Call, text } from "../command.ts"
import { explanationPage } from "../explanation-page.ts"
import { nearest } from "../nearest.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { terminalOf } from "../terminal.ts"
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
    if (found === undefined) {
      const namesakes = all.filter((p) => p.name === pod).map((p) => `${p.namespace}/${p.name}`)
      const near = namesakes.length > 0 ? namesakes.slice(0, 2) : nearest(pod, podNames(all))
      throw fail("cli/not-found", { kind: "pod", name: `${namespace}/${pod}`, near })
    }
    return explainPod(index, found, text(call, "to"))
  },
  node: (index, name) => {
    // Tables show names without the domain that all nodes share.
    const found =
      index.node(name) ?? index.snapshot.cluster.nodes.find((n) => n.name.startsWith(`${name}.`))
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

const podNames = (pods: readonly { name: string }[]) => [...new Set(pods.map((p) => p.name))]

const notFound = (kind: string, name: string, names: readonly string[]) =>
  fail("cli/not-found", { kind, name, near: nearest(name, names) })

export async function run(call: Call): Promise<number> {
  const [kind = "", name = ""] = call.args
  const index = indexFleet(await loadSnapshot(call, systemClock))
  const explanation = explainers[kind]!(index, name, call)
  await writeOutput(call, explanation, () => explanationPage(explanation, terminalOf(call)))
  return explanation.ok ? 0 : 1
}
