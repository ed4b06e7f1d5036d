import type { Lease, Namespace, Node } from "../../api/core.ts"
import type { KubeObject } from "../../api/meta.ts"
import { leases, namespaces, nodes, type Resource } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import { Informer } from "../../kube/informer.ts"
import type { Kube, ListQuery } from "../../kube/kube.ts"
import type { Logger } from "../../log.ts"
import { type LabPod, labPods } from "./pod.ts"
import { View } from "./view.ts"
import {
  type ControllerRevision,
  controllerRevisions,
  type DaemonSet,
  type Deployment,
  type DisruptionBudget,
  daemonSets,
  deployments,
  disruptionBudgets,
  type Job,
  jobs,
  type ReplicaSet,
  replicaSets,
  type StatefulSet,
  statefulSets,
} from "./workloads.ts"

export interface LoopContext {
  readonly clock: Clock
  /** 0 <= x < 1. */
  readonly random: () => number
  readonly log: Logger
  readonly signal: AbortSignal
}

/** What every control loop works with: the cluster as last seen, and time, chance and logging as parameters. */
export interface Cluster extends LoopContext {
  readonly kube: Kube
  readonly record: RecordEvent
  readonly nodes: View<Node>
  readonly namespaces: View<Namespace>
  /** Heartbeats of the kubelets. */
  readonly leases: View<Lease>
  readonly pods: View<LabPod>
  readonly deployments: View<Deployment>
  readonly replicaSets: View<ReplicaSet>
  readonly statefulSets: View<StatefulSet>
  readonly daemonSets: View<DaemonSet>
  readonly jobs: View<Job>
  readonly revisions: View<ControllerRevision>
  readonly budgets: View<DisruptionBudget>
}

export const nodeLeaseNamespace = "kube-node-lease"

/** Writes an event about an object; never fails and never waits. */
export type RecordEvent = (
  about: KubeObject,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
) => void

export type ClusterOptions = LoopContext & Pick<Cluster, "kube" | "record">

/** Opens the views; resolves when each has its first complete list. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const informers: Informer<never>[] = []
  const view = <T extends KubeObject>(resource: Resource<T>, query: ListQuery = {}): View<T> => {
    const informer = new Informer<T>({ ...options, resource, query })
    informers.push(informer as never)
    return new View(options.kube, options.clock, informer, resource)
  }
  const cluster = {
    ...options,
    nodes: view(nodes),
    namespaces: view(namespaces),
    leases: view(leases, { namespace: nodeLeaseNamespace }),
    pods: view(labPods),
    deployments: view(deployments),
    replicaSets: view(replicaSets),
    statefulSets: view(statefulSets),
    daemonSets: view(daemonSets),
    jobs: view(jobs),
    revisions: view(controllerRevisions),
    budgets: view(disruptionBudgets),
  }
  await Promise.all(informers.map((i) => i.synced()))
  return cluster
}
