import type { ENIConfig } from "../../api/eniconfig.ts"
import type { BindingSource } from "../../api/nodenetwork.ts"
import { bindNode, boundObject } from "../../placement/binding.ts"
import type { TraceStep } from "../../placement/trace.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { Explanation } from "./explanation.ts"

const words: Record<BindingSource, string> = {
  ExternalLabel: "label",
  Annotation: "annotation",
  Label: "label",
  Default: "the name default, since nothing else binds it",
  SubnetPool: "SubnetPool",
}

/** Most nodes that are listed by name. */
const nodesMost = 10

/** Which nodes an ENIConfig serves, whether it can, and what it gives them. */
export function explainEniConfig(index: FleetIndex, config: ENIConfig): Explanation {
  const { name } = config.metadata
  const subnet = config.spec?.subnet === undefined ? undefined : index.subnet(config.spec.subnet)
  const bound = index.snapshot.cluster.nodes.filter((node) => {
    const decision = bindNode(node, index.mode)
    return decision.ok && boundObject(decision.binding) === `ENIConfig/${name}`
  })
  const elsewhere = subnet === undefined ? [] : bound.filter((n) => index.zoneOf(n) !== subnet.zone)
  const trace: TraceStep[] = bound.slice(0, nodesMost).map((node) => {
    const decision = bindNode(node, index.mode)
    const by = decision.ok
      ? `bound by ${words[decision.binding.source]} ${decision.binding.key}`.trimEnd()
      : ""
    const wrong = elsewhere.includes(node)
    return {
      subject: `node ${node.name}`,
      verdict: wrong ? "refused" : "noted",
      why: wrong ? `in ${index.zoneOf(node)}, but the subnet is in ${subnet?.zone}` : by,
    }
  })
  if (bound.length > nodesMost)
    trace.push({ subject: `${bound.length - nodesMost} more nodes`, verdict: "noted", why: "" })
  const broken = config.status?.conditions.find((c) => c.type === "Ready" && c.status === "False")
  return {
    object: `ENIConfig ${name}`,
    ok: broken === undefined && elsewhere.length === 0,
    answer: answerOf(index, bound.length, elsewhere.length, broken?.message),
    facts: [
      {
        name: "subnet",
        value:
          subnet === undefined
            ? `${config.spec?.subnet ?? "none"} (not read)`
            : `${subnet.id}, ${subnet.cidr}, ${subnet.zone}`,
      },
      {
        name: "free addresses",
        value: subnet === undefined ? "unknown" : String(subnet.availableAddresses),
      },
      {
        name: "security groups",
        value:
          config.spec?.securityGroups?.join(", ") ||
          "none: those of the node's primary interface apply",
      },
      { name: "nodes bound", value: String(bound.length) },
    ],
    trace,
  }
}

function answerOf(
  index: FleetIndex,
  bound: number,
  elsewhere: number,
  broken: string | undefined,
): string {
  if (broken !== undefined) return broken
  if (!index.mode.customNetworking) return "it has no effect: custom networking is off"
  if (bound === 0) return "no node is bound to it"
  if (elsewhere > 0)
    return `${elsewhere} of its ${bound} nodes are in another zone than its subnet and get no address from it`
  return `it serves ${bound} ${bound === 1 ? "node" : "nodes"}`
}
