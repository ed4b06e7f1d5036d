import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { nearest } from "../../errors/nearest.ts"
import { type Need, whyMissing } from "../../fleet/doctor/needs.ts"
import { explainEniConfig } from "../../fleet/explain/explain-eniconfig.ts"
import { explainNode } from "../../fleet/explain/explain-node.ts"
import { explainPod } from "../../fleet/explain/explain-pod.ts"
import { explainSubnet } from "../../fleet/explain/explain-subnet.ts"
import type { Explanation } from "../../fleet/explain/explanation.ts"
import { type FleetIndex, indexFleet } from "../../fleet/facts/fleet-index.ts"
import { kubeconfigFiles, readKubeconfig } from "../../kube/client/kubeconfig.ts"
import { parseAddress } from "../../vpc/cidr.ts"
import { type Call, text } from "../command.ts"
import { explanationPage } from "../explanation-page.ts"
import { loadSnapshot } from "../snapshot/load-snapshot.ts"
import { terminalOf } from "../terminal.ts"
import { writeOutput } from "../write-output.ts"

type Kind = "pod" | "node" | "eniconfig" | "subnet"
type Explain = (index: FleetIndex, name: string, call: Call) => Explanation

/** Other words for a kind that kubectl takes. */
const spellings: Readonly<Record<string, Kind>> = {
  ...{ pod: "pod", pods: "pod", po: "pod" },
  ...{ node: "node", nodes: "node", no: "node" },
  ...{ eniconfig: "eniconfig", eniconfigs: "eniconfig" },
  ...{ subnet: "subnet", subnets: "subnet" },
}

const explainers: Readonly<Record<Kind, Explain>> = {
  pod: (index, name, call) => {
    const [namespace, pod] = name.includes("/")
      ? (name.split("/", 2) as [string, string])
      : [text(call, "namespace") ?? namespaceOf(call), name]
    const all = index.snapshot.cluster.pods
    const found = all.find((p) => p.namespace === namespace && p.name === pod)
    if (found === undefined) {
      mustBeRead(index, "pods", "pods")
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
    if (found === undefined) mustBeRead(index, "ENIConfigs", "eniconfigs.crd.k8s.amazonaws.com")
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
    if (found === undefined) mustBeRead(index, "subnets", "ec2:DescribeSubnets")
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

/** What was not read cannot be said to be missing. */
function mustBeRead({ snapshot }: FleetIndex, what: string, need: Need): void {
  const why = whyMissing(snapshot, need)
  if (why !== undefined) throw fail("cli/not-read", { what, why })
}

const notFound = (kind: string, name: string, names: readonly string[]) =>
  fail("cli/not-found", { kind, name, near: nearest(name, names) })

/** The context's; whatever is wrong with the kubeconfig, reading the cluster has said. */
function namespaceOf(call: Call): string {
  if (text(call, "snapshot") !== undefined) return "default"
  try {
    const files = kubeconfigFiles(text(call, "kubeconfig"), { ...call.env })
    return readKubeconfig(files, text(call, "context")).namespace ?? "default"
  } catch {
    return "default"
  }
}

const bad = (option: string, value: string, expected: string) =>
  fail("cli/bad-option", { option, value, expected })

/** "pod web-1", "pods web-1", "pod/web-1" and "pod/shop/web-1" all name one. */
function subjectOf(call: Call): { kind: Kind; name: string } {
  const [first = "", second] = call.args
  const at = second === undefined ? first.indexOf("/") : -1
  const word = at < 0 ? first : first.slice(0, at)
  const name = at < 0 ? (second ?? "") : first.slice(at + 1)
  const kind = spellings[word.toLowerCase()]
  if (kind === undefined) throw bad("KIND", word, "pod, node, eniconfig or subnet")
  if (name === "") throw bad("NAME", name, `the name of a ${kind}`)
  const to = text(call, "to")
  if (to !== undefined && kind !== "pod") throw bad("--to", to, `for a ${kind}: it is for pods`)
  if (to !== undefined && parseAddress(to) === undefined) throw bad("--to", to, "an IPv4 address")
  return { kind, name }
}

export async function run(call: Call): Promise<number> {
  const { kind, name } = subjectOf(call)
  const index = indexFleet(await loadSnapshot(call, systemClock))
  const explanation = explainers[kind](index, name, call)
  await writeOutput(call, explanation, () => explanationPage(explanation, terminalOf(call)))
  return explanation.ok ? 0 : 1
}
