import type { Cluster } from "./cluster.ts"
import { planRevisions, revisionLabel } from "./revision-plan.ts"
import type { ControllerRevision, DaemonSet, StatefulSet } from "./workloads.ts"

/** Brings the ControllerRevisions of `owner` up to date. Returns them and the hash that new pods get. */
export async function keepHistory(
  cluster: Cluster,
  owner: DaemonSet | StatefulSet,
): Promise<{ hash: string; revisions: ControllerRevision[] }> {
  const live = new Set(
    cluster.pods
      .ownedBy(owner.metadata.uid)
      .flatMap((p) => p.metadata.labels?.[revisionLabel]?.split("-").at(-1) ?? []),
  )
  const { revisions } = cluster
  const plan = planRevisions(owner, revisions.ownedBy(owner.metadata.uid), live)
  if (!owner.metadata.deletionTimestamp) {
    if (plan.create) await revisions.create(plan.create)
    if (plan.renumber)
      await revisions.patch(plan.renumber.revision, {
        type: "merge",
        body: { revision: plan.renumber.to },
      })
    for (const old of plan.remove) await revisions.remove(old)
  }
  return { hash: plan.hash, revisions: revisions.ownedBy(owner.metadata.uid) }
}
