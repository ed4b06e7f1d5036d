import { entry } from "./berth-error.ts"

/** What can stop the node agent, or one of its calls. */
export const agentErrors = {
  "agent/bad-environment": entry<{ problems: readonly string[] }>({
    says: (d) => `the environment cannot be used: ${d.problems.join("; ")}`,
    hint: "Correct the variables with: kubectl set env daemonset aws-node -n kube-system NAME=VALUE",
    exit: 78,
  }),
  "agent/busy": entry<Record<never, never>>({
    says: () => "the agent serves as many CNI calls as it can",
    hint: "The runtime tries again; if it lasts, look for pods that start over and over.",
    cni: 11,
  }),
  "agent/stopping": entry<Record<never, never>>({
    says: () => "the agent is stopping",
    hint: "The runtime tries again, and its successor answers.",
    cni: 11,
  }),
  "agent/not-annotated": entry<{ pod: string; why: string }>({
    says: (d) => `pod ${d.pod} cannot be annotated with its address: ${d.why}`,
    hint: "ANNOTATE_POD_IP needs the right to patch pods: kubectl apply -f deploy/annotate-pods.yaml",
    cni: 11,
  }),
  "agent/journal-version": entry<{ path: string; version: number }>({
    says: (d) => `${d.path} was written in format ${d.version}, which this agent does not know`,
    hint: "Run the version of Berth that wrote it, or drain the node and delete the file.",
    cni: 5,
    exit: 65,
  }),
  "agent/journal-failed": entry<{ path: string; why: string }>({
    says: (d) => `${d.path} cannot be written: ${d.why}`,
    hint: "Check the free space and the health of the disk that holds the file.",
    cni: 11,
    exit: 74,
  }),
}
