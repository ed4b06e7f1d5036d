import type { Pod } from "../api/core.ts"
import type { NodeInterface } from "../api/nodenetwork.ts"
import { pods } from "../api/resources.ts"
import type { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { type BranchInterface, parseBranch, podENI } from "./network/branch-annotation.ts"
import type { BranchLink } from "./network/branch-link.ts"
import { findLinkByMac } from "./network/interface-setup.ts"
import { type KubeDeps, type NodeObjects, requestsBranch } from "./node-objects.ts"

export interface BranchesOptions extends KubeDeps {
  /** ENABLE_POD_ENI. */
  readonly enabled: boolean
  readonly kernel: Kernel
  readonly objects: Pick<NodeObjects, "pods">
  /** The trunk that status lists; undefined while none is attached. */
  readonly trunk: () => NodeInterface | undefined
}

/** How long an ADD waits for the control plane to give the pod its interface. */
const patienceMs = 20_000
const lookMs = 250

/**
 * Pods with an ENI of their own, which the managed control plane makes and states in an annotation: the branch of a
 * trunk. They take no address of the node's interfaces.
 */
export class Branches {
  readonly #o: BranchesOptions

  constructor(o: BranchesOptions) {
    this.#o = o
  }

  /** Why the node cannot have any: told once to the control plane by asking for none, and on each such pod. */
  get obstacle(): string | undefined {
    const { kernel } = this.#o
    return kernel.host.supports("vlan") ? undefined : "this kernel cannot make VLAN links (8021q)"
  }

  /** The pod's own interface; undefined for a pod that asks for none. Rejects with cni/no-branch, agent/stopping. */
  async of(pod: {
    namespace: string
    name: string
  }): Promise<{ interface: BranchInterface; link: BranchLink } | undefined> {
    const { enabled, clock, signal } = this.#o
    if (!enabled || pod.namespace === "") return undefined
    const deadline = clock.now() + patienceMs
    for (;;) {
      const found = await this.#find(pod)
      if (!found || !requestsBranch(found)) return undefined
      const branch = this.#read(found)
      if (!(branch instanceof Error)) return branch
      if (this.obstacle !== undefined || clock.now() >= deadline) throw branch
      await clock.sleep(lookMs, signal).catch(() => {
        throw fail("agent/stopping", {})
      })
    }
  }

  #read(pod: Pod): BerthError | { interface: BranchInterface; link: BranchLink } {
    const { kernel, trunk } = this.#o
    const { namespace, name, annotations = {} } = pod.metadata
    const refuse = (why: string) => fail("cni/no-branch", { pod: `${namespace}/${name}`, why })
    if (this.obstacle !== undefined) return refuse(this.obstacle)
    const text = annotations[podENI]
    if (text === undefined) return refuse(`it has no annotation ${podENI} yet`)
    const branch = parseBranch(text)
    if (typeof branch === "string") return refuse(`its annotation ${podENI} is wrong: ${branch}`)
    const mac = trunk()?.mac
    if (mac === undefined) return refuse("no trunk interface is attached to the node")
    const link = findLinkByMac(kernel.host, mac)
    if (!link) return refuse(`no link has the MAC ${mac} of the trunk interface`)
    const { vlan, subnetCIDR } = branch
    return { interface: branch, link: { vlan, mac: branch.mac, subnetCIDR, trunk: link.name } }
  }

  async #find({ namespace, name }: { namespace: string; name: string }): Promise<Pod | undefined> {
    const { objects, kube } = this.#o
    const cached = objects.pods.get(name, namespace)
    if (cached.state === "known") return cached.object
    try {
      return await kube.get(pods, name, namespace)
    } catch (error) {
      const why = (error as Error).message
      throw fail("placement/unreadable", { what: `pod ${namespace}/${name}`, why }, error)
    }
  }
}
