import { nodePlacement, type PlacementKey } from "../api/nodenetwork.ts"
import { podPlacement } from "../placement/pod-placement.ts"
import type { Examination } from "./doctor/examination.ts"
import type { Fix } from "./doctor/finding.ts"
import { placementPod } from "./facts/placement-pod.ts"
import { backOff, credentials, iam, podENI, throttling } from "./outage/call-causes.ts"
import { type CauseTest, type OutageCase, textsOf } from "./outage/outage-case.ts"
import { agentDown, controllerDown } from "./outage/plugin-causes.ts"
import {
  coolDown,
  fragmentation,
  noEniConfig,
  overPacked,
  placementMismatch,
  subnetFull,
} from "./outage/supply-causes.ts"
import type { NodeFacts, PodFacts } from "./snapshot.ts"

/** The first cause that has evidence wins: the order puts what explains the others first. */
const tests = {
  "agent-down": agentDown,
  "controller-down": controllerDown,
  "no-eniconfig": noEniConfig,
  "placement-mismatch": placementMismatch,
  credentials,
  iam,
  "pod-eni": podENI,
  "over-packed": overPacked,
  fragmentation,
  "subnet-full": subnetFull,
  throttling,
  "back-off": backOff,
  "cool-down": coolDown,
} satisfies Record<string, CauseTest>

export type Cause = keyof typeof tests | "unknown"

export const causes: readonly Cause[] = [...(Object.keys(tests) as Cause[]), "unknown"]

/** Why pods of one node and placement get no address. */
export interface Classification {
  readonly node: string
  readonly cause: Cause
  readonly says: string
  readonly evidence: readonly string[]
  readonly fix: Fix
  /** Pods that wait, each as namespace/name. */
  readonly pods: readonly string[]
}

/** What runtimes and plugins say when a pod gets no address, be it the VPC CNI, Berth or the kubelet. */
const noAddress =
  /failed to assign an IP address to container|gets no address|^no address:|networkPlugin cni failed|failed to setup network for sandbox|cni plugin not initialized/i

/**
 * The root cause for every node that has pods without an address, by the evidence that tells the causes apart: they all
 * end in the same message. Pods of one node that are served by different placements are cases of their own.
 */
export function classify(examination: Examination): Classification[] {
  const { index, nodes, addressedPods } = examination
  const byPod = Map.groupBy(
    index.snapshot.cluster.warnings.filter((w) => w.kind === "Pod" && noAddress.test(w.message)),
    (w) => `${w.namespace}/${w.name}`,
  )
  return nodes.flatMap((node): Classification[] => {
    const waiting = addressedPods(node).filter((p) => p.ip === undefined && !p.terminating)
    const told = waiting.filter((p) => byPod.has(nameOf(p)))
    // A pod that nobody complained about may just be starting; a node without network speaks for all its pods.
    const stuck = told.length > 0 || node.ready ? told : waiting
    const groups = Map.groupBy(stuck, (pod) => placementOf(examination, pod))
    return [...groups].map(([placement, pods]) => {
      const status = index
        .nodeNetwork(node.name)
        ?.status?.placements.find((p) => p.placement === placement)
      const warnings = pods.flatMap((p) => byPod.get(nameOf(p)) ?? [])
      const texts = textsOf(examination, node, status, warnings)
      const resolution = resolutionOf(examination, node, placement)
      return judge({ examination, node, placement, resolution, status, stuck: pods, texts })
    })
  })
}

const nameOf = (pod: PodFacts) => `${pod.namespace}/${pod.name}`

/** What serves the pod; one that no single pool serves is judged by its node's placement. */
function placementOf({ index }: Examination, pod: PodFacts): PlacementKey {
  const { pools, policies } = index.sources
  const choice = podPlacement(placementPod(index, pod), pools, policies)
  return choice.ok ? choice.key : nodePlacement
}

function resolutionOf(examination: Examination, node: NodeFacts, placement: PlacementKey) {
  return placement === nodePlacement
    ? examination.resolution(node)
    : examination.resolve(node, placement)
}

function judge(of: OutageCase): Classification {
  const { node, stuck, texts } = of
  const pods = stuck.map(nameOf)
  for (const [cause, test] of Object.entries(tests)) {
    const verdict = test(of)
    if (verdict !== undefined) return { node: node.name, cause: cause as Cause, pods, ...verdict }
  }
  return {
    node: node.name,
    cause: "unknown",
    says: "pods get no address, and nothing in the snapshot tells why",
    evidence: texts.slice(0, 3),
    fix: {
      kind: "tell",
      says: "Let the doctor read what the plugin of this node has logged.",
      command: logCommand(of),
    },
    pods,
  }
}

/** The VPC CNI logs to a file of the host, Berth's agent to its container's output. */
function logCommand({ examination: { index }, node }: OutageCase): string {
  const agent = index.podsOf(node.name).find((p) => p.owner === "DaemonSet/aws-node")
  const name =
    agent?.name ??
    `$(kubectl get pods -n kube-system -l k8s-app=aws-node --field-selector spec.nodeName=${node.name} -o name)`
  const read = index.snapshot.cluster.daemonSet?.berth
    ? `kubectl logs -n kube-system ${name} -c aws-node`
    : `kubectl exec -n kube-system ${name} -c aws-node -- cat /host/var/log/aws-routed-eni/ipamd.log`
  return `${read} > aws-node.log; berth doctor --logs aws-node.log`
}
