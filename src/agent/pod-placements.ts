import type { Pod } from "../api/core.ts"
import type { KubeObject } from "../api/meta.ts"
import { nodePlacement, type PlacementKey } from "../api/nodenetwork.ts"
import { pods, type Resource, securityGroupPolicies, subnetPools } from "../api/resources.ts"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import { fail } from "../errors/catalogue.ts"
import { Informer } from "../kube/informer.ts"
import { KubeError } from "../kube/kube.ts"
import { PodFactsReader } from "../kube/pod-facts.ts"
import { type PodPlacementDecision, podPlacement } from "../placement/pod-placement.ts"
import { failed, found, type Read } from "../placement/read.ts"
import type { LastKnownFile } from "./last-known.ts"
import type { KubeDeps, NodeObjects } from "./node-objects.ts"

/** How long an ADD waits for what decides its placement. */
const patienceMs = 5_000

/**
 * Which placement serves which pod: the node's, unless a SubnetPool or a SecurityGroupPolicy selects the pod. What
 * could not be read makes the answer a refusal, never the node placement.
 */
export class PodPlacements {
  readonly #deps: KubeDeps
  readonly #lastKnown: LastKnownFile
  readonly #objects: Pick<NodeObjects, "pods">
  readonly #pools: OptionalList<SubnetPool>
  readonly #policies: OptionalList<SecurityGroupPolicy>
  readonly #facts: PodFactsReader

  constructor(deps: KubeDeps, objects: Pick<NodeObjects, "pods">, lastKnown: LastKnownFile) {
    this.#deps = deps
    this.#objects = objects
    this.#lastKnown = lastKnown
    this.#facts = new PodFactsReader(deps)
    this.#pools = new OptionalList(deps, subnetPools, (pools) => lastKnown.remember({ pools }))
    this.#policies = new OptionalList(deps, securityGroupPolicies, (policies) =>
      lastKnown.remember({ policies }),
    )
  }

  /** Calls back when the placement of any pod may have changed. */
  onChange(listener: () => void): void {
    this.#pools.onChange(listener)
    this.#policies.onChange(listener)
  }

  /** `spec.quotaPerNamespace` of a pool; undefined without one. */
  quotaOf(pool: string): number | undefined {
    return this.#pool(pool)?.spec.quotaPerNamespace
  }

  /**
   * For how long the address of a pod is kept for the next one of its name, in milliseconds: where its pool says so, and
   * a StatefulSet gives it a name that comes back.
   */
  keepMs({ namespace, name }: { namespace: string; name: string }, pool: string) {
    const pod = this.#objects.pods.get(name, namespace)
    const owners = pod.state === "known" ? pod.object.metadata.ownerReferences : undefined
    const returns = owners?.some((owner) => owner.controller && owner.kind === "StatefulSet")
    const seconds = returns ? this.#pool(pool)?.spec.sticky?.ttlSeconds : undefined
    return seconds === undefined ? undefined : seconds * 1000
  }

  #pool(name: string): SubnetPool | undefined {
    const { pools } = this.#read()
    if (pools.state !== "found") return undefined
    return pools.value.find((pool) => pool.metadata.name === name)
  }

  /** The placement of a pod by name; rejects with the refusal. Asks the API when the watch does not have the pod yet. */
  async of(pod: { namespace: string; name: string }): Promise<PlacementKey> {
    if (pod.namespace === "") return nodePlacement
    await this.#known()
    if (this.#nobodyChooses()) return nodePlacement
    const decision = await this.decide(await this.#find(pod))
    if (!decision.ok) throw decision.refusal
    return decision.key
  }

  /** Gives the first lists of a start some time, so that an ADD is not refused for being early. */
  async #known(): Promise<void> {
    const { pools, policies } = this.#read()
    if (pools.state === "found" && policies.state === "found") return
    const lists = Promise.all([this.#pools.ready, this.#policies.ready])
    const { clock, signal } = this.#deps
    await Promise.race([lists, clock.sleep(patienceMs, signal).catch(() => {})])
  }

  /** True when no pod can have a placement of its own: then nothing needs to be read about it. */
  #nobodyChooses(): boolean {
    const { pools, policies } = this.#read()
    const choosing = (p: SubnetPool) => p.spec.nodeSelector === undefined
    const none = <T>(read: Read<readonly T[]>, counts: (item: T) => boolean) =>
      read.state === "found" && !read.value.some(counts)
    return none(pools, choosing) && none(policies, () => true)
  }

  /** The placement of a pod whose object is at hand. */
  async decide(pod: Pod): Promise<PodPlacementDecision> {
    if (this.#nobodyChooses()) return { ok: true, key: nodePlacement, trace: [] }
    const { pools, policies } = this.#read()
    const facts = await this.#facts.factsOf(pod, pools, policies)
    return podPlacement(facts, pools, policies)
  }

  #read() {
    const { pools, policies } = this.#lastKnown.value
    return { pools: this.#pools.read(pools), policies: this.#policies.read(policies) }
  }

  async #find({ namespace, name }: { namespace: string; name: string }): Promise<Pod> {
    const cached = this.#objects.pods.get(name, namespace)
    if (cached.state === "known") return cached.object
    const what = `pod ${namespace}/${name}`
    try {
      const pod = await this.#deps.kube.get(pods, name, namespace)
      if (pod) return pod
    } catch (error) {
      throw fail("placement/unreadable", { what, why: (error as Error).message }, error)
    }
    throw fail("placement/unreadable", { what, why: "the API server does not know it" })
  }
}

/** How long the first list may take before it is asked whether the kind exists at all, and how often after that. */
const probeAfterMs = 250
const probeEveryMs = 10_000

/**
 * All objects of a kind that a cluster may not have installed. A definite "no such kind" means there are none; the
 * informer goes on trying, and finds them when the kind is installed.
 */
class OptionalList<T extends KubeObject> {
  readonly #informer: Informer<T>
  #missingKind = false
  /** Resolves when it is known what there is; never rejects. */
  readonly ready: Promise<void>

  constructor(deps: KubeDeps, resource: Resource<T>, changed: (objects: T[]) => void) {
    this.#informer = new Informer({ ...deps, resource })
    const tell = () => changed(this.#informer.list())
    this.#informer.onChange(() => this.#informer.state !== "starting" && tell())
    const synced = this.#informer.synced().then(tell, () => {})
    this.ready = Promise.race([synced, this.#probe(deps, resource).then(() => changed([]))])
  }

  onChange(listener: () => void): void {
    this.#informer.onChange(listener)
  }

  /** `lastKnown` counts until the first list. */
  read(lastKnown: readonly T[] | undefined): Read<readonly T[]> {
    if (this.#informer.state !== "starting") return found(this.#informer.list())
    if (this.#missingKind) return found([])
    return lastKnown ? found(lastKnown) : failed(this.#informer.lastError)
  }

  /** Resolves only when the kind is missing. */
  async #probe({ kube, clock, signal }: KubeDeps, resource: Resource<T>): Promise<void> {
    for (let waitMs = probeAfterMs; ; waitMs = probeEveryMs) {
      await clock.sleep(waitMs, signal).catch(() => new Promise<never>(() => {}))
      if (this.#informer.state !== "starting") return new Promise<never>(() => {})
      const error = await kube.list(resource, {}).then(
        () => undefined,
        (e: unknown) => e,
      )
      this.#missingKind = error instanceof KubeError && error.status === 404
      if (this.#missingKind) return
    }
  }
}
