import type { RefusedPlacement } from "../../placement/resolve.ts"
import type { NodeFacts } from "../snapshot.ts"
import type { Examination } from "./examination.ts"
import type { Fix } from "./finding.ts"

const wrongSubnet = new Set([
  "placement/zone-mismatch",
  "placement/vpc-mismatch",
  "placement/subnet-unknown",
])

/** What mends a refused placement of a node, as a command wherever the snapshot tells enough for one. */
export function refusalFix(
  examination: Examination,
  node: NodeFacts,
  { refusal, binding, object }: RefusedPlacement,
): Fix {
  const { hint, code } = refusal
  // What somebody wrote on this one node is the likelier mistake: without it the zone's label decides.
  if (binding?.source === "Annotation" || binding?.source === "ExternalLabel") {
    const verb = binding.source === "Annotation" ? "annotate" : "label"
    const command = `kubectl ${verb} node ${node.name} ${binding.key}-`
    return { kind: "tell", says: `${hint} Without it the node follows its label.`, command }
  }
  if (code === "placement/eniconfig-missing") {
    const command = "berth plan --write change; kubectl apply -f change/pods-network.yaml"
    return { kind: "plan", says: "Create it: a plan finds or lays out its subnet.", command }
  }
  const name = object.startsWith("ENIConfig/") ? object.slice("ENIConfig/".length) : undefined
  const subnet = wrongSubnet.has(code) ? podSubnetFor(examination, node) : undefined
  if (name === undefined) return { kind: "tell", says: hint }
  if (subnet === undefined)
    return { kind: "tell", says: hint, command: `kubectl edit eniconfig ${name}` }
  const patch = JSON.stringify({ spec: { subnet } })
  const command = `kubectl patch eniconfig ${name} --type merge -p '${patch}'`
  return { kind: "plan", says: `${hint} ${subnet} has the most room there.`, command }
}

/** The roomiest subnet of the node's zone that is not a node's own. */
function podSubnetFor({ aws, index, nodes }: Examination, node: NodeFacts): string | undefined {
  const own = new Set(nodes.flatMap((n) => index.instanceOf(n)?.subnetId ?? []))
  const instance = index.instanceOf(node)
  return aws.subnets
    .filter((s) => s.zone === index.zoneOf(node) && s.vpcId === instance?.vpcId && !own.has(s.id))
    .sort((a, b) => b.availableAddresses - a.availableAddresses)[0]?.id
}
