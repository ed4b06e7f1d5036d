import type { Cluster } from "./cluster.ts"
import { createPods } from "./create-pods.ts"
import { startLoop } from "./loop-queue.ts"
import { newPod } from "./new-pod.ts"
import { isFinished, isReady, type LabPod } from "./pod.ts"
import { stamp } from "./stamp.ts"
import { canonicalJson, nameSuffix } from "./template-hash.ts"
import { mergeConditions, type Verdict } from "./workload-condition.ts"
import type { Job, JobStatus } from "./workloads.ts"

export function jobLoop(cluster: Cluster): void {
  startLoop(cluster, {
    name: "job",
    over: cluster.jobs,
    children: [cluster.pods as never],
    step: (job) => stepJob(cluster, job),
  })
}

export interface JobPlan {
  create: number
  remove: LabPod[]
  status: JobStatus
}

/** Runs pods until `completions` have succeeded, or more than `backoffLimit` have failed. */
export function planJob(job: Job, pods: readonly LabPod[], now: number): JobPlan {
  const count = (phase: string) => pods.filter((p) => p.status?.phase === phase).length
  const active = pods.filter((p) => !isFinished(p) && !p.metadata.deletionTimestamp)
  const succeeded = count("Succeeded")
  const failed = count("Failed")
  const completions = job.spec.completions ?? 1
  const verdict = ended(job, { succeeded, failed, completions })
  const conditions = mergeConditions(job.status?.conditions, verdict ? [verdict] : [], now)
  const status: JobStatus = {
    ...(active.length > 0 ? { active: active.length } : {}),
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
    ready: active.filter(isReady).length,
    startTime: job.status?.startTime ?? stamp(now),
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(verdict?.type === "Complete"
      ? { completionTime: job.status?.completionTime ?? stamp(now) }
      : {}),
  }
  if (job.metadata.deletionTimestamp) return { create: 0, remove: [], status }
  if (verdict || job.spec.suspend) return { create: 0, remove: active, status }
  const wanted = Math.min(job.spec.parallelism ?? 1, completions - succeeded)
  return { create: Math.max(0, wanted - active.length), remove: active.slice(wanted), status }
}

function ended(
  job: Job,
  counts: { succeeded: number; failed: number; completions: number },
): Verdict | undefined {
  if (counts.succeeded >= counts.completions)
    return {
      type: "Complete",
      status: "True",
      reason: "CompletionsReached",
      message: "Reached expected number of succeeded pods",
    }
  if (counts.failed > (job.spec.backoffLimit ?? 6))
    return {
      type: "Failed",
      status: "True",
      reason: "BackoffLimitExceeded",
      message: "Job has reached the specified backoff limit",
    }
  return undefined
}

async function stepJob(cluster: Cluster, job: Job): Promise<undefined> {
  const plan = planJob(job, cluster.pods.ownedBy(job.metadata.uid), cluster.clock.now())
  const labels = {
    "job-name": job.metadata.name,
    "batch.kubernetes.io/job-name": job.metadata.name,
    "batch.kubernetes.io/controller-uid": job.metadata.uid ?? "",
  }
  const created = Array.from({ length: plan.create }, () => {
    const name = `${job.metadata.name}-${nameSuffix(cluster.random)}`
    return newPod(job, job.spec.template, name, labels)
  })
  for (const pod of plan.remove) await cluster.pods.remove(pod)
  await createPods(cluster, job, created)
  if (canonicalJson(plan.status) !== canonicalJson(job.status ?? {}))
    await cluster.jobs.patchStatus(job, plan.status)
}
