import { type Cluster, type ClusterOptions, openCluster } from "./cluster.ts"
import { daemonSetLoop } from "./daemon-set-loop.ts"
import { deploymentLoop } from "./deployment-loop.ts"
import { disruptionLoop } from "./disruption-loop.ts"
import { jobLoop } from "./job-loop.ts"
import { nodeLifecycleLoop } from "./node-lifecycle-loop.ts"
import { podGarbageLoop } from "./pod-garbage-loop.ts"
import { replicaSetLoop } from "./replica-set-loop.ts"
import { schedulerLoop } from "./scheduler-loop.ts"
import { statefulSetLoop } from "./stateful-set-loop.ts"

/** kube-controller-manager and kube-scheduler in miniature. They end with `options.signal`. */
export async function startControlLoops(options: ClusterOptions): Promise<Cluster> {
  const cluster = await openCluster(options)
  for (const loop of [
    deploymentLoop,
    replicaSetLoop,
    statefulSetLoop,
    daemonSetLoop,
    jobLoop,
    schedulerLoop,
    nodeLifecycleLoop,
    podGarbageLoop,
    disruptionLoop,
  ])
    loop(cluster)
  return cluster
}
