import { nodeCapacity } from "./capacity/node-capacity.ts"
import type { Examination } from "./doctor/examination.ts"
import { enumerate, type Fix } from "./doctor/finding.ts"
import { refusalFix } from "./doctor/refusal-fix.ts"
import type { NodeFacts, PodFacts, WarningFacts } from "./snapshot.ts"

export const causes = [
  "no-eniconfig",
  "placement-mismatch",
  "agent-down",
  "iam",
  "throttling",
  "pod-eni",
  "over-packed",
  "fragmentation",
  "subnet-full",
  "back-off",
  "cool-down",
  "unknown",
] as const

export type Cause = (typeof causes)[number]

/** Why pods of one node get no address. */
export interface Classification {
  readonly node: string
  readonly cause: Cause
  readonly says: string
  readonly evidence: readonly string[]
  readonly fix: Fix
  /** Pods that wait, each as namespace/name. */
  readonly pods: readonly string[]
}

/** What is known of one node with pods that get no address. */
interface Case {
  readonly examination: Examination
  readonly node: NodeFacts
  readonly stuck: readonly PodFacts[]
  readonly warnings: readonly WarningFacts[]
  readonly logLines: readonly string[]
}

type Verdict = Pick<Classification, "says" | "evidence" | "fix">

/** What runtimes and plugins say when a pod gets no address, be it the VPC CNI, Berth or the kubelet. */
const noAddress =
  /failed to assign an IP address to container|gets no address|networkPlugin cni failed|failed to setup network for sandbox|cni plugin not initialized/i

/**
 * The root cause for every node that has pods without an address, by the evidence that tells the causes apart: they all
 * end in the same message. The first cause that has evidence wins; the order puts what explains the others first.
 */
export function classify(examination: Examination): Classification[] {
  const { index, nodes, addressedPods } = examination
  const { warnings } = index.snapshot.cluster
  const byPod = Map.groupBy(
    warnings.filter((w) => w.kind === "Pod" && noAddress.test(w.message)),
    (w) => `${w.namespace}/${w.name}`,
  )
  return nodes.flatMap((node): Classification[] => {
    const waiting = addressedPods(node).filter((p) => p.ip === undefined && !p.terminating)
    const told = waiting.filter((p) => byPod.has(nameOf(p)))
    // A pod that nobody complained about may just be starting; a node without network speaks for all its pods.
    const stuck = told.length > 0 || node.ready ? told : waiting
    if (stuck.length === 0) return []
    const own = stuck.flatMap((p) => byPod.get(nameOf(p)) ?? [])
    return [judge({ examination, node, stuck, warnings: own, logLines: logsOf(examination, node) })]
  })
}

const nameOf = (pod: PodFacts) => `${pod.namespace}/${pod.name}`

function judge(c: Case): Classification {
  const pods = c.stuck.map(nameOf)
  for (const { cause, test } of tests) {
    const verdict = test(c)
    if (verdict !== undefined) return { node: c.node.name, cause, pods, ...verdict }
  }
  const evidence = c.warnings.slice(0, 3).map((w) => w.message)
  return {
    node: c.node.name,
    cause: "unknown",
    says: "pods get no address, and nothing in the snapshot tells why",
    evidence,
    fix: {
      kind: "tell",
      says: "Look into the plugin's log of this node, and give it to the doctor.",
      command: "berth doctor --logs FILE",
    },
    pods,
  }
}

const mismatch = new Set([
  "placement/zone-mismatch",
  "placement/vpc-mismatch",
  "placement/subnet-unknown",
  "placement/no-subnet",
  "placement/security-group-invalid",
])

function refused(c: Case, codes: (code: string) => boolean): Verdict | undefined {
  const answer = c.examination.resolution(c.node)
  if (answer === undefined || answer.ok || answer.unreadable) return undefined
  if (!codes(answer.refusal.code)) return undefined
  const evidence = answer.trace.map((step) => `${step.subject}: ${step.why}`)
  const fix = refusalFix(c.examination, c.node, answer)
  return { says: answer.refusal.message, evidence, fix }
}

const isAgent = (pod: PodFacts) =>
  pod.namespace === "kube-system" && pod.owner === "DaemonSet/aws-node"

function agentDown({ examination, node }: Case): Verdict | undefined {
  const { index } = examination
  const agent = index.podsOf(node.name).find(isAgent)
  const message = node.readyMessage ?? ""
  // A snapshot of some namespaces only shows no aws-node pod anywhere.
  const missing = agent === undefined && index.snapshot.cluster.pods.some(isAgent)
  const evidence = [
    ...(/NetworkPluginNotReady|cni (?:plugin|config)/i.test(message)
      ? [`not ready: ${message}`]
      : []),
    ...(missing ? ["no aws-node pod runs on it"] : []),
    ...(agent?.waiting ? [`aws-node: ${agent.waiting}, ${agent.restarts ?? 0} restarts`] : []),
  ]
  if (evidence.length === 0) return undefined
  return {
    says: "the plugin does not run on the node",
    evidence,
    fix: {
      kind: "tell",
      says: "See why it does not start.",
      command: `kubectl logs -n kube-system ${agent?.name ?? "-l k8s-app=aws-node"} --previous`,
    },
  }
}

/** Lines of the log, and messages of events, that match. */
function said(c: Case, words: RegExp): string[] {
  const events = c.examination.index.snapshot.cluster.warnings.filter(
    (w) => w.reason === "MissingIAMPermissions",
  )
  const texts = [
    ...c.logLines,
    ...c.warnings.map((w) => w.message),
    ...events.map((e) => `${e.reason}: ${e.message}`),
  ]
  return [...new Set(texts.filter((text) => words.test(text)))].slice(0, 3)
}

function iam(c: Case): Verdict | undefined {
  const evidence = said(
    c,
    /UnauthorizedOperation|MissingIAMPermissions|ec2\/unauthorized|may not call ec2/,
  )
  if (evidence.length === 0) return undefined
  return {
    says: "IAM forbids the calls that get addresses",
    evidence,
    fix: { kind: "plan", says: "Attach the policy that this prints.", command: "berth iam" },
  }
}

function throttling(c: Case): Verdict | undefined {
  const evidence = said(c, /RequestLimitExceeded|Throttling|ec2\/throttled|EC2 throttles/)
  if (evidence.length === 0) return undefined
  return {
    says: "EC2 throttles the calls that get addresses; they come later",
    evidence,
    fix: {
      kind: "auto",
      says: "Wait; start fewer nodes at once, or use prefixes, which need fewer calls.",
    },
  }
}

function podENI(c: Case): Verdict | undefined {
  const evidence = said(c, /vpc\.amazonaws\.com\/pod-eni|BranchAllocationFailed|branch ENI/i)
  if (evidence.length === 0) return undefined
  return {
    says: "the pod waits for a branch ENI of the managed control plane",
    evidence,
    fix: { kind: "tell", says: "See the events of the pod and of its node's CNINode." },
  }
}

function overPacked({ examination, node }: Case): Verdict | undefined {
  const { index, addressedPods, podInterfaces } = examination
  const capacity = nodeCapacity(index, node)
  if (capacity === undefined) return undefined
  const { podAddresses, interfaces, recommended } = capacity.expected
  const placed = addressedPods(node).filter((p) => p.ip !== undefined).length
  if (placed < podAddresses) return undefined
  return {
    says: `the node has as many pods as a ${capacity.type} has addresses for, and advertises more`,
    evidence: [
      `${placed} pods have an address, ${podAddresses} is the most`,
      `${podInterfaces(node).length} of ${interfaces} ENIs for pods are attached`,
      `allocatable pods: ${capacity.advertised ?? "?"}`,
    ],
    fix: {
      kind: "plan",
      says: `Start such nodes with max-pods ${recommended}, and replace this one.`,
      command: `berth max-pods --instance-type ${capacity.type}`,
    },
  }
}

function placeOf({ examination, node }: Case) {
  const answer = examination.resolution(node)
  const subnets = answer?.ok ? answer.placement.subnets.map((o) => o.subnet) : []
  return { subnets, object: answer?.ok ? answer.placement.object : "" }
}

function fragmentation(c: Case): Verdict | undefined {
  const { subnets, object } = placeOf(c)
  const lines = said(
    c,
    /InsufficientCidrBlocks|sufficient free Ipv4 addresses or prefixes|ec2\/no-free-prefix|no free \/28/,
  )
  const maps = subnets.flatMap((s) => c.examination.subnetMap(s) ?? [])
  const free = maps.reduce((sum, map) => sum + map.free, 0)
  const blocks = maps.reduce((sum, map) => sum + map.freePrefixes, 0)
  const measured = c.examination.index.mode.prefixDelegation && maps.length > 0
  if (measured ? blocks > 0 || free < 16 : lines.length === 0) return undefined
  return {
    says: `${object || "its subnet"} has free addresses and no whole /28 block for a prefix`,
    evidence: [
      ...(measured ? [`${free} free addresses, ${blocks} free /28 blocks`] : []),
      ...lines,
    ],
    fix: {
      kind: "plan",
      says: "Reserve a range of the subnet for prefixes, or add a subnet.",
      command: "berth doctor --only S06",
    },
  }
}

function subnetFull(c: Case): Verdict | undefined {
  const { subnets, object } = placeOf(c)
  const lines = said(c, /InsufficientFreeAddressesInSubnet|ec2\/subnet-full|no free address left/)
  const free = subnets.reduce((sum, s) => sum + s.availableAddresses, 0)
  const measured = subnets.length > 0
  if (measured ? free >= c.stuck.length : lines.length === 0) return undefined
  const list = subnets.map((s) => `${s.id} (${s.cidr}): ${s.availableAddresses} free`)
  return {
    says: `the ${subnets.length > 1 ? "subnets" : "subnet"} of ${object || "the node"} ${subnets.length > 1 ? "are" : "is"} full: ${enumerate(list)}`,
    evidence: [...list, ...lines],
    fix: {
      kind: "plan",
      says: "Add a subnet in the zone; `berth plan` sizes it.",
      command: "berth plan",
    },
  }
}

function backOff(c: Case): Verdict | undefined {
  const evidence = said(c, /Recently we had InsufficientCidr error|tried again in \d+ s/)
  if (evidence.length === 0) return undefined
  return {
    says: "the plugin waits after EC2 had no address (the VPC CNI for 120 s, for the whole node)",
    evidence,
    fix: {
      kind: "auto",
      says: "Wait two minutes; restarting aws-node on the node ends it sooner.",
    },
  }
}

function coolDown({ examination, node, stuck }: Case): Verdict | undefined {
  const { index, podInterfaces, addressedPods } = examination
  const demand = index.nodeNetwork(node.name)?.spec.demand ?? []
  const cooling = demand.reduce((sum, d) => sum + d.cooling, 0)
  const held = podInterfaces(node).reduce(
    (n, i) => n + i.addresses.length + 16 * i.prefixes.length,
    0,
  )
  const used = addressedPods(node).filter((p) => p.ip !== undefined).length
  const attaching = podInterfaces(node).some((i) => i.status === "attaching")
  if (cooling < stuck.length && !attaching && held - used < stuck.length) return undefined
  return {
    says: attaching
      ? "an ENI is being attached: addresses come within seconds"
      : "the node has addresses, and they cool down after other pods (30 s)",
    evidence: [`${held} addresses, ${used} in use${cooling > 0 ? `, ${cooling} cooling` : ""}`],
    fix: { kind: "auto", says: "Wait; a larger warm target avoids it." },
  }
}

function logsOf({ index }: Examination, node: NodeFacts): string[] {
  const logs = index.snapshot.logs ?? []
  return logs
    .filter((log) => log.node === undefined || log.node === node.name)
    .flatMap((log) => [...log.lines])
}

const tests: readonly { readonly cause: Cause; readonly test: (c: Case) => Verdict | undefined }[] =
  [
    { cause: "no-eniconfig", test: (c) => refused(c, (code) => !mismatch.has(code)) },
    { cause: "placement-mismatch", test: (c) => refused(c, (code) => mismatch.has(code)) },
    { cause: "agent-down", test: agentDown },
    { cause: "iam", test: iam },
    { cause: "throttling", test: throttling },
    { cause: "pod-eni", test: podENI },
    { cause: "over-packed", test: overPacked },
    { cause: "fragmentation", test: fragmentation },
    { cause: "subnet-full", test: subnetFull },
    { cause: "back-off", test: backOff },
    { cause: "cool-down", test: coolDown },
  ]
