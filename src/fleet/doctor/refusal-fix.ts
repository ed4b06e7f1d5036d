import type { RefusedPlacement } from "../../placement/resolve.ts"
import type { NodeFacts } from "../snapshot.ts"
import type { Examination } from "./examination.ts"
import type { Fix } from "./finding.ts"
import { roomierSubnet, useSubnet } from "./roomier-subnet.ts"

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
  const subnet = wrongSubnet.has(code) ? roomierSubnet(examination, node)?.id : undefined
  if (name === undefined) return { kind: "tell", says: hint }
  if (subnet === undefined)
    return { kind: "tell", says: hint, command: `kubectl edit eniconfig ${name}` }
  const command = useSubnet(name, subnet)
  return { kind: "plan", says: `${hint} ${subnet} has the most room there.`, command }
}
