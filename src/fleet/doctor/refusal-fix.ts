import type { RefusedPlacement } from "../../placement/resolve.ts"
import type { NetworkInterface } from "../../vpc/model.ts"
import { setCommand } from "../change/set-command.ts"
import type { NodeFacts } from "../snapshot.ts"
import type { Examination } from "./examination.ts"
import type { Fix } from "./finding.ts"
import { patchEniConfig, roomierSubnet } from "./roomier-subnet.ts"

const wrongSubnet = new Set([
  "placement/zone-mismatch",
  "placement/vpc-mismatch",
  "placement/subnet-unknown",
])

/** Makes what is missing and changes nothing else: subnets with their routes, ENIConfigs. */
export const planCommand =
  "berth plan --write change && berth apply change/plan.json --until objects --yes"

/** What mends a refused placement of a node, as a command wherever the snapshot tells enough for one. */
export function refusalFix(
  examination: Examination,
  node: NodeFacts,
  refused: RefusedPlacement,
): Fix {
  const { refusal, binding, object } = refused
  const { hint, code } = refusal
  // What somebody wrote on this one node is the likelier mistake: without it the zone's label decides.
  if (binding?.source === "Annotation" || binding?.source === "ExternalLabel") {
    const verb = binding.source === "Annotation" ? "annotate" : "label"
    const command = `kubectl ${verb} node ${node.name} ${binding.key}-`
    return { kind: "tell", says: `${hint} Without it the node follows its label.`, command }
  }
  if (code === "placement/eniconfig-missing") return missingFix(examination, node, refused)
  const name = object.startsWith("ENIConfig/") ? object.slice("ENIConfig/".length) : undefined
  if (name === undefined) return { kind: "tell", says: hint }
  const former = formerInterface(examination, node)
  const plan = (why: string, spec: object): Fix => ({
    kind: "plan",
    says: `${hint} ${why}`,
    command: patchEniConfig(name, spec),
  })
  if (wrongSubnet.has(code)) {
    if (former !== undefined)
      return plan(`The node's ENIs are in ${former.subnetId}.`, { subnet: former.subnetId })
    const subnet = roomierSubnet(examination, node)?.id
    if (subnet !== undefined) return plan(`${subnet} has the most room there.`, { subnet })
  }
  if (code === "placement/security-group-invalid") {
    const from = former ?? examination.index.interfacesOf(node)[0]
    if (from !== undefined)
      return plan(`The node's ENIs have ${from.securityGroups.join(", ")}.`, {
        securityGroups: from.securityGroups,
      })
  }
  return { kind: "tell", says: hint, command: `kubectl edit eniconfig ${name}` }
}

function missingFix(examination: Examination, node: NodeFacts, { binding }: RefusedPlacement): Fix {
  const { index } = examination
  const zone = index.zoneOf(node)
  const byZone = index.snapshot.cluster.eniConfigs.some((c) => c.metadata.name === zone)
  if (binding?.source === "Default" && byZone)
    return {
      kind: "plan",
      says: `There is an ENIConfig ${zone}: let the zone's label bind the nodes.`,
      command: setCommand(
        [{ name: "ENI_CONFIG_LABEL_DEF", value: "topology.kubernetes.io/zone" }],
        examination,
      ),
    }
  const former = formerInterface(examination, node)
  if (former === undefined || binding?.source !== "Label")
    return {
      kind: "plan",
      says: "Create it: a plan finds or lays out its subnet.",
      command: planCommand,
    }
  const object = {
    apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
    kind: "ENIConfig",
    metadata: { name: binding.name },
    spec: { subnet: former.subnetId, securityGroups: former.securityGroups },
  }
  return {
    kind: "plan",
    says: "Create it again: the node's ENIs show what it named.",
    command: `echo '${JSON.stringify(object)}' | kubectl apply -f -`,
  }
}

/** An ENI that the node got for pods while its placement could be used. */
function formerInterface(
  { podInterfaces, index }: Examination,
  node: NodeFacts,
): NetworkInterface | undefined {
  const own = index.interfacesOf(node)[0]?.subnetId
  return podInterfaces(node).find((i) => i.subnetId !== own)
}
