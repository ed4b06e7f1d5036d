import { contains, parseCidr } from "../../vpc/cidr.ts"
import type { Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate } from "./finding.ts"

const within = (outer: string, inner: string): boolean => {
  const [a, b] = [parseCidr(outer), parseCidr(inner)]
  return a !== undefined && b !== undefined && contains(a, b)
}

/** Blocks of nodes, and those of pods when not all of them lie in the VPC's first. */
function blocksOf({ aws, podSubnets, nodes, index }: Examination) {
  const pods = [...new Set(aws.subnets.filter((s) => podSubnets.has(s.id)).map((s) => s.cidr))]
  const ids = new Set(nodes.flatMap((node) => index.instanceOf(node)?.subnetId ?? []))
  const first = aws.vpc?.cidrs[0]?.cidr
  if (first === undefined || pods.every((cidr) => within(first, cidr))) return undefined
  return { nodes: aws.subnets.filter((s) => ids.has(s.id)).map((s) => s.cidr), pods }
}

/** What lets the nodes' addresses through and not the pods': in the VPC pods come with their own. */
export function* pinnedToOldBlock(examination: Examination): Iterable<Symptom> {
  const blocks = blocksOf(examination)
  if (blocks === undefined) return
  /** Those that name a node's block, unless the pods' blocks are there too. */
  const pinned = <T>(peers: readonly T[], cidr: (peer: T) => string): T[] =>
    blocks.pods.every((pod) => peers.some((peer) => within(cidr(peer), pod)))
      ? []
      : peers.filter((peer) => blocks.nodes.some((block) => within(cidr(peer), block)))
  yield* groups(examination, blocks.pods, pinned)
  yield* policies(examination, blocks.pods, pinned)
}

type Pinned = <T>(peers: readonly T[], cidr: (peer: T) => string) => T[]

/** Security groups elsewhere in the VPC: databases, caches, endpoints. */
function* groups(
  { aws, nodes, index }: Examination,
  podBlocks: readonly string[],
  pinned: Pinned,
): Iterable<Symptom> {
  const own = new Set(nodes.flatMap((n) => index.interfacesOf(n).flatMap((i) => i.securityGroups)))
  for (const group of aws.securityGroups) {
    const ingress = (group.rules ?? []).filter((r) => r.direction === "ingress")
    const rules = own.has(group.id) ? [] : pinned(ingress, (r) => r.peer)
    if (rules.length === 0) continue
    yield {
      object: `sg/${group.id}`,
      says: `${group.name} lets in the nodes' block and not the pods': in the VPC pods come with their own address`,
      evidence: rules.map((r) => `${r.protocol} ${r.fromPort ?? "*"} from ${r.peer}`),
      fix: {
        kind: "plan",
        says: "Admit the pods' security group, or their block.",
        command: `aws ec2 authorize-security-group-ingress --group-id ${group.id} --protocol tcp --port ${rules[0]?.fromPort ?? "PORT"} --cidr ${podBlocks[0]}`,
      },
    }
  }
}

function* policies(
  { index }: Examination,
  podBlocks: readonly string[],
  pinned: Pinned,
): Iterable<Symptom> {
  for (const policy of index.snapshot.cluster.networkPolicies ?? []) {
    const evidence = (["ingress", "egress"] as const).flatMap((direction) =>
      pinned(policy[direction], (cidr) => cidr).map((cidr) => `${direction} ipBlock ${cidr}`),
    )
    if (evidence.length === 0) continue
    yield {
      object: `NetworkPolicy/${policy.namespace}/${policy.name}`,
      says: `its ipBlocks hold the nodes' block and not the pods' ${enumerate(podBlocks)}`,
      evidence,
      fix: {
        kind: "plan",
        says: "Name pods by selectors, or add their block.",
        command: `kubectl edit networkpolicy -n ${policy.namespace} ${policy.name}`,
      },
    }
  }
}
