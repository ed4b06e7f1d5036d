import { agentDown } from "../outage/plugin-causes.ts"
import { rollover } from "../rollover.ts"
import type { NodeFacts } from "../snapshot.ts"
import type { Check, Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate, type Fix, plural } from "./finding.ts"
import { pinnedToOldBlock } from "./pinned-blocks.ts"

/** A node that came later than this before the snapshot is still starting. */
const startingMs = 2 * 60_000

interface Networkless {
  readonly node: NodeFacts
  readonly says: string
  readonly evidence: readonly string[]
  readonly fix: Fix
}

/** Why a node that waits for its network has none; undefined while it has one, or may only be starting. */
function whyNoNetwork(examination: Examination, node: NodeFacts): Networkless | undefined {
  const { index, resolution } = examination
  const agent = index
    .podsOf(node.name)
    .find((p) => p.namespace === "kube-system" && p.owner === "DaemonSet/aws-node")
  const message = node.readyMessage ?? ""
  const uninitialised = /cni plugin not initialized|cni config uninitialized/i.test(message)
  const crashing = agent?.waiting === "CrashLoopBackOff" || (agent?.restarts ?? 0) > 3
  if (node.ready || !(uninitialised || crashing)) return undefined
  const evidence = [
    ...(uninitialised ? [`not ready: ${message}`] : []),
    ...(crashing ? [`aws-node restarted ${agent?.restarts ?? 0} times`] : []),
  ]
  const answer = resolution(node)
  if (answer?.ok === false && !answer.unreadable && index.mode.customNetworking) {
    const says = `${answer.refusal.hint} Never turn custom networking off for this: pods would come up in the nodes' subnets.`
    return { node, says: answer.refusal.message, evidence, fix: { kind: "auto", says } }
  }
  const age = Date.parse(index.snapshot.takenAt) - Date.parse(node.createdAt)
  const verdict = age < startingMs && !crashing ? undefined : agentDown({ examination, node })
  return verdict && { node, says: verdict.says, evidence, fix: verdict.fix }
}

function* nodesWithoutNetwork(examination: Examination): Iterable<Symptom> {
  const found = examination.nodes.flatMap((node) => whyNoNetwork(examination, node) ?? [])
  for (const group of Map.groupBy(found, (f) => f.says).values()) {
    const [first] = group
    if (first === undefined) continue
    yield {
      object: `node/${first.node.name}`,
      says: `${group.length === 1 ? "the node has" : `${plural(group.length, "node")} have`} no network: ${first.says}`,
      evidence: [...first.evidence, enumerate(group.map((f) => f.node.name))],
      fix: first.fix,
    }
  }
}

function* evictionBlocked(examination: Examination): Iterable<Symptom> {
  const { cluster } = examination.index.snapshot
  if (rollover(examination.index, examination).length === 0) return
  const blocking = cluster.disruptionBudgets.filter(
    (b) => b.disruptionsAllowed === 0 && b.expectedPods > 0,
  )
  for (const { namespace, name, expectedPods } of blocking) {
    yield {
      object: `PodDisruptionBudget/${namespace}/${name}`,
      says: "it allows no disruption: nodes that have to be replaced cannot be drained",
      evidence: [`disruptionsAllowed 0 of ${plural(expectedPods, "pod")}`],
      fix: { kind: "tell", says: "Run one replica more, or relax the budget, before rotating." },
    }
  }
}

function* mixedCapacity(examination: Examination): Iterable<Symptom> {
  const { index, aws, nodes } = examination
  const byInstance = new Map(nodes.map((node) => [index.instanceOf(node)?.id ?? "", node]))
  for (const group of aws.autoScalingGroups) {
    const members = group.instanceIds.flatMap((id) => byInstance.get(id) ?? [])
    const byType = Map.groupBy(members, (node) => index.typeOf(node) ?? "?")
    for (const [type, same] of byType) {
      const values = new Set(same.flatMap((node) => node.allocatablePods ?? []))
      if (values.size < 2) continue
      yield {
        object: `asg/${group.name}`,
        says: `nodes of type ${type} in one group advertise different numbers of pods: ${[...values].join(" and ")}`,
        evidence: [enumerate(same.map((node) => `${node.name}: ${node.allocatablePods}`))],
        fix: {
          kind: "plan",
          says: "Finish the rotation, or use a new group for the new mode.",
          command: "berth rotate",
        },
      }
    }
  }
}

function* oldNodesTakePods(examination: Examination): Iterable<Symptom> {
  const { index } = examination
  const old = rollover(index, examination)
  const names = new Set(old.map((entry) => entry.node))
  const started = index.snapshot.cluster.nodes.some((n) => names.has(n.name) && n.unschedulable)
  const open = index.snapshot.cluster.nodes.filter((n) => names.has(n.name) && !n.unschedulable)
  if (!started || open.length === 0) return
  yield {
    object: "cluster",
    says: `a rotation has begun, and ${plural(open.length, "node")} to be replaced still ${open.length === 1 ? "takes" : "take"} new pods`,
    evidence: [enumerate(open.map((n) => n.name))],
    fix: {
      kind: "auto",
      says: "Cordon them, or pods move twice.",
      command: `kubectl cordon ${open
        .slice(0, 20)
        .map((n) => n.name)
        .join(" ")}`,
    },
  }
}

const throttleWords = /RequestLimitExceeded|Throttling|ec2\/throttled/

function* throttled({ index }: Examination): Iterable<Symptom> {
  const { cluster, logs } = index.snapshot
  const conditions = cluster.nodeNetworks.filter((n) =>
    n.status?.conditions.some((c) => c.type === "Throttled" && c.status === "True"),
  )
  const lines = (logs ?? []).flatMap((log) =>
    log.lines.filter((line) => throttleWords.test(line)).map((line) => `${log.name}: ${line}`),
  )
  const evidence = [
    ...conditions.map((n) => `NodeNetwork/${n.metadata.name}: Throttled`),
    ...cluster.warnings
      .filter((w) => throttleWords.test(w.message))
      .map((w) => `${w.kind}/${w.name}: ${w.message}`),
    ...lines,
  ]
  if (evidence.length === 0) return
  yield {
    object: "ec2",
    says: "EC2 throttles calls: addresses come late",
    evidence: evidence.slice(0, 5),
    fix: {
      kind: "auto",
      says: "Start fewer nodes at once; larger warm targets, or prefixes, need fewer calls.",
    },
  }
}

const bound = [
  "nodes",
  "daemonsets.apps",
  "ec2:DescribeInstances",
  "eniconfigs.crd.k8s.amazonaws.com",
] as const
const attached = [...bound, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"] as const

export const rotationChecks: readonly Check[] = [
  {
    id: "R01",
    title: "Nodes have a network",
    severity: "blocking",
    needs: ["nodes", "pods", "daemonsets.apps"],
    run: nodesWithoutNetwork,
  },
  {
    id: "R02",
    title: "Nodes to be replaced can be drained",
    severity: "blocking",
    needs: [...attached, "pods", "poddisruptionbudgets.policy"],
    run: evictionBlocked,
  },
  {
    id: "R03",
    title: "Nodes of a group are alike",
    severity: "risk",
    needs: [...bound, "autoscaling:DescribeAutoScalingGroups"],
    run: mixedCapacity,
  },
  {
    id: "R04",
    title: "Nodes to be replaced take no new pods",
    severity: "risk",
    needs: attached,
    run: oldNodesTakePods,
  },
  {
    id: "R05",
    title: "Nothing in the VPC admits the nodes' block only",
    severity: "wrong-network",
    needs: [...attached, "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"],
    wants: ["networkpolicies.networking.k8s.io"],
    run: pinnedToOldBlock,
  },
  { id: "R08", title: "EC2 does not throttle", severity: "risk", needs: [], run: throttled },
]
