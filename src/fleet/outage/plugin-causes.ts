import type { Fix } from "../doctor/finding.ts"
import type { PodFacts } from "../snapshot.ts"
import type { CauseTest, OutageCase, Verdict } from "./outage-case.ts"

const isAgent = (pod: PodFacts) =>
  pod.namespace === "kube-system" && pod.owner === "DaemonSet/aws-node"

const isController = (pod: PodFacts) =>
  pod.namespace === "kube-system" &&
  pod.labels?.["app.kubernetes.io/name"] === "berth-controller" &&
  !pod.terminating

/** The plugin's pod on the node is missing, does not start, or has not made the node ready. */
export function agentDown({
  examination: { index },
  node,
}: Pick<OutageCase, "examination" | "node">): Verdict | undefined {
  const { pods, daemonSet } = index.snapshot.cluster
  const agent = index.podsOf(node.name).find(isAgent)
  const message = node.readyMessage ?? ""
  const nowhere = daemonSet?.desired === 0
  // A snapshot of some namespaces only shows no aws-node pod anywhere.
  const missing = agent === undefined && (nowhere || pods.some(isAgent))
  const evidence = [
    ...(!node.ready && /NetworkPluginNotReady|cni (?:plugin|config)/i.test(message)
      ? [`not ready: ${message}`]
      : []),
    ...(missing ? ["no aws-node pod runs on it"] : []),
    ...(nowhere ? ["DaemonSet aws-node matches no node: look at its nodeSelector"] : []),
    ...(agent?.waiting ? [`${agent.name}: ${agent.waiting}, ${agent.restarts ?? 0} restarts`] : []),
  ]
  if (evidence.length === 0) return undefined
  const changed =
    daemonSet !== undefined &&
    (daemonSet.generation ?? 1) > 1 &&
    (nowhere || daemonSet.updated < daemonSet.desired || agent?.waiting !== undefined)
  const previous = agent?.restarts ? " --previous" : ""
  const logs = `kubectl logs -n kube-system ${agent?.name ?? "-l k8s-app=aws-node"}${previous}`
  const fix: Fix = changed
    ? {
        kind: "plan",
        says: `Its DaemonSet was changed: go back to what ran before. Why it does not run: ${nowhere ? "kubectl describe daemonset aws-node -n kube-system" : logs}`,
        command: "kubectl rollout undo daemonset aws-node -n kube-system",
      }
    : { kind: "tell", says: "See why it does not start.", command: logs }
  return { says: "the plugin does not run on the node", evidence, fix }
}

/** Without Berth's controller nobody calls EC2: nodes go on with what they have, and get nothing new. */
export const controllerDown: CauseTest = ({ examination: { index } }) => {
  const { pods, daemonSet } = index.snapshot.cluster
  // A snapshot of some namespaces only shows neither agents nor controller.
  if (daemonSet?.berth !== true || !pods.some(isAgent)) return undefined
  const all = pods.filter(isController)
  if (all.some((p) => p.phase === "Running" && p.waiting === undefined)) return undefined
  const evidence = all.map((p) => `${p.name}: ${p.waiting ?? p.phase}, ${p.restarts ?? 0} restarts`)
  const deployment = "deployment berth-controller -n kube-system"
  return {
    says: "Berth's controller does not run: no node gets new addresses",
    evidence: all.length > 0 ? evidence : ["no berth-controller pod is there"],
    fix:
      all.length > 0
        ? {
            kind: "plan",
            says: `Go back to what ran before. Why it does not run: kubectl logs -n kube-system ${all[0]?.name} --previous`,
            command: `kubectl rollout undo ${deployment}`,
          }
        : {
            kind: "plan",
            says: "Start it: one leads, the other waits for its Lease.",
            command: `kubectl scale ${deployment} --replicas=2`,
          },
  }
}
