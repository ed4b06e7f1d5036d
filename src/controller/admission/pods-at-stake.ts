import type { KubeObject } from "../../api/meta.ts"
import { namespaces, pods } from "../../api/resources.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import type { AdmissionFacts } from "../../fleet/admission/facts.ts"
import type { Kube } from "../../kube/kube.ts"
import type { PodFactsReader } from "../../kube/pod-facts.ts"
import { mayOverlap, shareNamespace } from "../../placement/pool-overlap.ts"
import { found } from "../../placement/read.ts"

/** A pool whose pods can be anywhere: pods of so many namespaces are read, each with one list. */
const namespacesMax = 10

/**
 * What there is that a pool of pods could share with another pool: namespaces, and the pods of the first of those that
 * both select. Nothing is read when their selectors exclude each other. Rejects with what the API answers.
 */
export async function podsAtStake(
  object: KubeObject,
  others: readonly SubnetPool[],
  { kube, facts }: { kube: Kube; facts: PodFactsReader },
): Promise<Pick<AdmissionFacts, "namespaces" | "pods">> {
  const pool = object as SubnetPool
  if (pool.kind !== "SubnetPool" || pool.spec.nodeSelector !== undefined) return {}
  const rivals = others.filter((other) => mayOverlap(pool, other))
  if (rivals.length === 0) return {}
  const spaces = (await kube.list(namespaces)).items.map(({ metadata: { name, labels = {} } }) => ({
    name,
    labels,
  }))
  const shared = spaces.filter(({ labels }) => rivals.some((r) => shareNamespace(pool, r, labels)))
  const lists = await Promise.all(
    shared
      .slice(0, namespacesMax)
      .map(({ name }) => kube.list(pods, { namespace: name }).then(({ items }) => items)),
  )
  const there = lists.flat().filter(({ spec }) => !spec.hostNetwork)
  const known = found([pool, ...rivals])
  return {
    namespaces: spaces,
    pods: await Promise.all(there.map((pod) => facts.factsOf(pod, known, found([])))),
  }
}
