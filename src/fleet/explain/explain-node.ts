import { nodePlacement } from "../../api/nodenetwork.ts"
import { type Resolution, resolvePlacement } from "../../placement/resolve.ts"
import type { TraceStep } from "../../placement/trace.ts"
import { classify } from "../classify.ts"
import { examine } from "../doctor/examination.ts"
import { refusalFix } from "../doctor/refusal-fix.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { NodeFacts } from "../snapshot.ts"
import { type Explanation, type Fact, remedyOf } from "./explanation.ts"

/** Why a node's pods get the subnets and security groups they get, and what the node has now. */
export function explainNode(index: FleetIndex, node: NodeFacts): Explanation {
  const at = index.placementNode(node)
  const facts: Fact[] = [
    { name: "zone", value: index.zoneOf(node) || "unknown" },
    {
      name: "instance",
      value: [index.instanceOf(node)?.id ?? node.providerID ?? "unknown", index.typeOf(node) ?? ""]
        .join(" ")
        .trim(),
    },
    { name: "custom networking", value: index.mode.customNetworking ? "on" : "off" },
  ]
  if (at === undefined) {
    return {
      object: `node ${node.name}`,
      answer: "its instance could not be read, so its placement is not known",
      ok: false,
      facts,
      trace: [],
    }
  }
  const resolution = resolvePlacement(nodePlacement, at, index.mode, index.sources)
  const trace: TraceStep[] = [...resolution.trace]
  if (resolution.ok) {
    const { placement } = resolution
    facts.push(
      { name: "decided by", value: placement.object },
      {
        name: "subnets",
        value: placement.subnets
          .map((s) => `${s.subnet.id} (${s.subnet.cidr}, ${s.subnet.availableAddresses} free)`)
          .join(", "),
      },
      { name: "security groups", value: placement.securityGroups.join(", ") },
    )
  }
  trace.push(
    ...interfaceSteps(
      index,
      node,
      resolution.ok ? new Set(resolution.placement.subnets.map((s) => s.subnet.id)) : undefined,
    ),
  )
  return { object: `node ${node.name}`, ...answerOf(index, node, resolution), facts, trace }
}

/** Where new pods go; when pods wait there already, what they wait for. */
function answerOf(
  index: FleetIndex,
  node: NodeFacts,
  resolution: Resolution,
): Pick<Explanation, "ok" | "answer" | "hint" | "command"> {
  const examination = examine(index)
  if (!resolution.ok)
    return {
      ok: false,
      answer: resolution.refusal.message,
      ...remedyOf(refusalFix(examination, node, resolution)),
    }
  const found = classify(examination).find((c) => c.node === node.name && c.cause !== "unknown")
  if (found !== undefined) {
    const waiting = `${found.pods.length} ${found.pods.length === 1 ? "pod has" : "pods have"} no address`
    return {
      ok: false,
      answer: `${waiting}: ${found.says}`,
      ...remedyOf(found.fix),
    }
  }
  const ids = resolution.placement.subnets.map((s) => s.subnet.id)
  return { ok: true, answer: `new pods get addresses of ${ids.join(", ")}` }
}

/** One step an interface: whether it serves new pods, and why not. */
function interfaceSteps(
  index: FleetIndex,
  node: NodeFacts,
  wanted: ReadonlySet<string> | undefined,
): TraceStep[] {
  const managed = new Map(index.nodeNetwork(node.name)?.status?.interfaces.map((i) => [i.id, i]))
  const berth = index.snapshot.cluster.daemonSet?.berth === true
  return index.interfacesOf(node).map((eni, position) => {
    const held = `${eni.subnetId}, ${eni.addresses.length} addresses, ${eni.prefixes.length} prefixes, ${eni.securityGroups.join(",")}`
    const subject = eni.id
    const { state, placement, object } = managed.get(eni.id) ?? {}
    if (placement !== undefined && placement !== nodePlacement)
      return { subject, verdict: "noted", why: `for pods of ${object ?? placement} (${held})` }
    const old = !berth && eni.addresses.length + eni.prefixes.length > 0
    if (position === 0 && index.mode.customNetworking && old) {
      const why = `primary interface: pods go on getting what it held before custom networking (${held})`
      return { subject, verdict: "refused", why }
    }
    if (position === 0 && index.mode.customNetworking) {
      return {
        subject,
        verdict: "passed over",
        why: `primary interface: the host's own with custom networking (${held})`,
      }
    }
    if (state === "Draining" || state === "Foreign" || state === "Releasing") {
      return { subject, verdict: "passed over", why: `${state.toLowerCase()} (${held})` }
    }
    if (wanted !== undefined && !wanted.has(eni.subnetId)) {
      return {
        subject,
        verdict: "refused",
        why: `in another subnet than the placement wants (${held})`,
      }
    }
    return { subject, verdict: "noted", why: held }
  })
}
