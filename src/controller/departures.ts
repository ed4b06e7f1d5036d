import type { NodeNetwork } from "../api/nodenetwork.ts"
import { nodeNetworks, nodes } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import { isError } from "../errors/catalogue.ts"
import { instanceTag } from "../ipam/ownership.ts"
import type { Kube } from "../kube/kube.ts"
import type { Logger } from "../log.ts"
import type { Instance, NetworkInterface } from "../vpc/model.ts"
import { descriptionOf } from "./interface-tags.ts"

export interface DeparturesOptions {
  kube: Kube
  ec2: Ec2
  clock: Clock
  log: Logger
  signal: AbortSignal
}

/** Kubernetes' garbage collector removes the object by its owner; only what it leaves is looked at. */
const graceMs = 30_000
const againMs = 15_000
/** The instance runs on without a Node: somebody deleted the object, and the kubelet may register anew. */
const runningMs = 600_000

/** Cleans up after nodes whose Node object is gone: interfaces first, then the record. */
export class Departures {
  readonly #options: DeparturesOptions
  readonly #since = new Map<string, number>()

  constructor(options: DeparturesOptions) {
    this.#options = options
  }

  /** Answers when to look again; undefined when the record is gone. */
  async follow(object: NodeNetwork): Promise<number | undefined> {
    const { kube, clock, log } = this.#options
    const { name, uid = "" } = object.metadata
    const since = this.#since.get(name) ?? clock.now()
    this.#since.set(name, since)
    if (clock.now() - since < graceMs) return graceMs - (clock.now() - since)
    // The cache said so; before anything is deleted the API server must.
    if (await kube.get(nodes, name)) return againMs
    const { instanceID } = object.spec
    if (!(await this.#hasEnded(instanceID))) return runningMs
    if (!(await this.#freeInterfaces(instanceID))) return againMs
    await kube.remove(nodeNetworks, { name }, uid === "" ? {} : { uid })
    this.#since.delete(name)
    log.info("the record of a departed node was removed", { node: name, instance: instanceID })
    return undefined
  }

  /** The node is back, or its record is gone. */
  forget(name: string): void {
    this.#since.delete(name)
  }

  async #hasEnded(id: string): Promise<boolean> {
    const instances = await this.#options.ec2
      .describeInstances({ ids: [id] }, this.#call)
      .catch(noneWhenUnknown<Instance>)
    return instances.every((i) => i.state === "terminated")
  }

  /** Deletes what the instance left behind; false while something is still on its way. */
  async #freeInterfaces(instanceID: string): Promise<boolean> {
    const { ec2, log } = this.#options
    const tags = { [instanceTag]: instanceID }
    const tagged = await ec2.describeNetworkInterfaces({ tags }, this.#call)
    const left = tagged.filter((eni) => eni.description === descriptionOf(instanceID))
    for (const eni of left.filter(isFree)) {
      await ec2.deleteNetworkInterface({ id: eni.id }, this.#call)
      log.info("an interface of a departed node was freed", { interface: eni.id, instanceID })
    }
    return left.every(isFree)
  }

  get #call() {
    return { priority: "audit", signal: this.#options.signal } as const
  }
}

const isFree = (eni: NetworkInterface) => eni.status === "available" && !eni.attachment

function noneWhenUnknown<T>(error: unknown): T[] {
  if (isError(error, "ec2/not-found")) return []
  throw error
}
