import { parsePlacementKey } from "../../placement/placement.ts"
import { podPlacement } from "../../placement/pod-placement.ts"
import { resolvePlacement } from "../../placement/resolve.ts"
import { classify } from "../classify.ts"
import { examine } from "../doctor/examination.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import { placementPod } from "../facts/placement-pod.ts"
import type { PodFacts } from "../snapshot.ts"
import { type Explanation, type Fact, remedyOf } from "./explanation.ts"
import { pathTo } from "./path.ts"

/** Why a pod has its address, or none. `to` adds the way of a packet to that destination. */
export function explainPod(index: FleetIndex, pod: PodFacts, to?: string): Explanation {
  const object = `pod ${pod.namespace}/${pod.name}`
  const node = pod.node === undefined ? undefined : index.node(pod.node)
  const facts: Fact[] = [
    { name: "node", value: pod.node ?? "not scheduled" },
    { name: "phase", value: pod.waiting ?? pod.phase },
  ]
  if (node === undefined) {
    return {
      object,
      ok: false,
      answer: "it is not bound to a node, so no address is asked for",
      hint: `kubectl describe pod -n ${pod.namespace} ${pod.name}: the scheduler says why`,
      facts,
      trace: [],
    }
  }
  if (pod.hostNetwork) {
    return {
      object,
      ok: true,
      answer: `it uses the node's own address ${node.internalIP ?? ""} (hostNetwork)`,
      facts:
        to === undefined || node.internalIP === undefined
          ? facts
          : [...facts, ...pathTo(index, { node, address: node.internalIP, kind: "host" }, to)],
      trace: [],
    }
  }
  const choice = podPlacement(placementPod(index, pod), index.sources.pools, index.sources.policies)
  const at = index.placementNode(node)
  const resolution =
    choice.ok && at !== undefined
      ? resolvePlacement(choice.key, at, index.mode, index.sources)
      : undefined
  const trace = [...choice.trace, ...(resolution?.trace ?? [])]
  if (resolution?.ok) {
    facts.push(
      { name: "decided by", value: resolution.placement.object },
      {
        name: "subnets for new pods",
        value: resolution.placement.subnets.map((s) => s.subnet.id).join(", "),
      },
    )
  }
  if (pod.ip !== undefined) {
    facts.push(...addressFacts(index, pod.ip))
    const kind = isIsolated(index, choice.ok ? choice.key : "") ? "isolated pod" : "pod"
    if (to !== undefined) facts.push(...pathTo(index, { node, address: pod.ip, kind }, to))
    return {
      object,
      ok: true,
      answer: addressAnswer(
        index,
        pod.ip,
        resolution?.ok ? resolution.placement.subnets.map((s) => s.subnet.id) : undefined,
      ),
      facts,
      trace,
    }
  }
  const cause = choice.ok ? causeOf(index, pod) : undefined
  const refusal = !choice.ok
    ? choice.refusal
    : resolution !== undefined && !resolution.ok
      ? resolution.refusal
      : undefined
  const key = choice.ok ? choice.key : "node"
  const told =
    supplyTrouble(index, node.name, key) ?? quotaTrouble(index, node.name, key, pod.namespace)
  const event = warned(index, pod)
  if (cause !== undefined) facts.push({ name: "cause", value: cause.cause })
  if (told !== undefined) facts.push({ name: "controller says", value: told.message })
  if (event !== undefined) facts.push({ name: "last warning", value: event })
  const answer =
    cause?.says ??
    refusal?.message ??
    told?.message ??
    event ??
    "it waits for an address; nothing says that supply failed"
  const hint = refusal?.hint ?? told?.hint
  const remedy = cause === undefined ? (hint === undefined ? {} : { hint }) : remedyOf(cause.fix)
  return { object, ok: false, answer, ...remedy, facts, trace }
}

/** Pods with groups of their own go by their ENI for everything, unless the mode is standard. */
const isIsolated = ({ snapshot }: FleetIndex, key: string): boolean =>
  key.includes("sg:") &&
  snapshot.cluster.daemonSet?.env["POD_SECURITY_GROUP_ENFORCING_MODE"] !== "standard"

/** What the doctor says of it (check X04). */
const causeOf = (index: FleetIndex, { namespace, name }: PodFacts) =>
  classify(examine(index)).find(
    (c) => c.cause !== "unknown" && c.pods.includes(`${namespace}/${name}`),
  )

function addressFacts(index: FleetIndex, address: string): Fact[] {
  const eni = index.holderOf(address)
  if (eni === undefined)
    return [{ name: "address", value: `${address} (no interface that was read holds it)` }]
  return [
    { name: "address", value: address },
    { name: "interface", value: `${eni.id}, device ${eni.attachment?.deviceIndex ?? "?"}` },
    {
      name: "subnet",
      value: `${eni.subnetId} (${index.subnet(eni.subnetId)?.cidr ?? "CIDR not read"})`,
    },
    { name: "security groups", value: eni.securityGroups.join(", ") },
  ]
}

function addressAnswer(
  index: FleetIndex,
  address: string,
  wanted: readonly string[] | undefined,
): string {
  const eni = index.holderOf(address)
  if (eni === undefined) return `it has ${address}`
  const old = wanted !== undefined && !wanted.includes(eni.subnetId)
  return `it has ${address} of ${eni.subnetId}${old ? `; a new pod would get one of ${wanted.join(", ")}: this one keeps its address until it is recreated` : ""}`
}

/** What the controller says of the placement, on a cluster with Berth. */
function supplyTrouble(
  index: FleetIndex,
  node: string,
  key: string,
): { message: string; hint?: string } | undefined {
  const placement = index
    .nodeNetwork(node)
    ?.status?.placements.find((p) => p.placement === key && !p.ready)
  if (placement?.message === undefined) return undefined
  return {
    message: placement.message,
    ...(placement.hint === undefined ? {} : { hint: placement.hint }),
  }
}

/** What the controller says of the quota of the pod's pool. */
function quotaTrouble(
  index: FleetIndex,
  node: string,
  key: string,
  namespace: string,
): { message: string; hint?: string } | undefined {
  const denied = index.nodeNetwork(node)?.status?.quota?.denied ?? []
  const pool = parsePlacementKey(key)?.pool
  return denied.find((d) => d.pool === pool && d.namespace === namespace)
}

/** The newest warning on the pod, which is all there is with the stock plugin. */
const warned = (index: FleetIndex, pod: PodFacts): string | undefined =>
  index.snapshot.cluster.warnings
    .find((w) => w.kind === "Pod" && w.namespace === pod.namespace && w.name === pod.name)
    // The sandbox was made for this try alone, and its id fills a line.
    ?.message.replace(/ for sandbox "[0-9a-f]{64}"/, "")
