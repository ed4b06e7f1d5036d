import type { KubeObject } from "../../api/meta.ts"
import { controllerReference } from "./owner.ts"
import { templateHash } from "./template-hash.ts"
import type { ControllerRevision, PodTemplate } from "./workloads.ts"

export const revisionLabel = "controller-revision-hash"

export interface RevisionPlan {
  /** Hash of the template that new pods get. */
  hash: string
  create?: ControllerRevision
  /** An earlier template is wanted again: its revision moves to the top. */
  renumber?: { revision: ControllerRevision; to: number }
  remove: ControllerRevision[]
}

/**
 * Keeps the history that `kubectl rollout history` and `undo` read for DaemonSets and StatefulSets. `live` are hashes
 * that pods still carry: their revisions stay whatever the limit.
 */
export function planRevisions(
  owner: KubeObject & { spec: { template: PodTemplate; revisionHistoryLimit?: number } },
  revisions: readonly ControllerRevision[],
  live: ReadonlySet<string>,
): RevisionPlan {
  const hash = templateHash(owner.spec.template)
  const current = revisions.find((r) => r.metadata.labels?.[revisionLabel] === hash)
  const newest = Math.max(0, ...revisions.map((r) => r.revision))
  const old = revisions
    .filter((r) => r !== current && !live.has(r.metadata.labels?.[revisionLabel] ?? ""))
    .sort((a, b) => a.revision - b.revision)
  const remove = old.slice(0, Math.max(0, old.length - (owner.spec.revisionHistoryLimit ?? 10)))
  if (!current) return { hash, create: newRevision(owner, hash, newest + 1), remove }
  if (current.revision < newest)
    return { hash, renumber: { revision: current, to: newest + 1 }, remove }
  return { hash, remove }
}

function newRevision(
  owner: KubeObject & { spec: { template: PodTemplate } },
  hash: string,
  revision: number,
): ControllerRevision {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${owner.metadata.name}-${hash}`,
      ...(owner.metadata.namespace ? { namespace: owner.metadata.namespace } : {}),
      labels: { ...owner.spec.template.metadata?.labels, [revisionLabel]: hash },
      ownerReferences: [controllerReference(owner)],
    },
    revision,
    // A strategic merge patch: `undo` must replace the template, not merge into the present one.
    data: { spec: { template: { ...owner.spec.template, ...{ $patch: "replace" } } } },
  }
}

/** The template of a revision as pods want it. */
export function revisionTemplate(revision: ControllerRevision): PodTemplate | undefined {
  const template = revision.data?.spec.template
  if (!template) return undefined
  const { $patch: _, ...rest } = template as PodTemplate & { $patch?: string }
  return rest
}
