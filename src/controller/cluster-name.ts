import type { Node } from "../api/core.ts"
import type { NodeNetwork } from "../api/nodenetwork.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import { isError } from "../errors/catalogue.ts"
import type { Logger } from "../log.ts"
import type { Instance, Tags } from "../vpc/model.ts"
import { type ClusterNameFinding, decideClusterName } from "./decide-cluster-name.ts"

/** The cluster's name, which ENIs are tagged with and by which leaked ones are told from those of others. */
export interface ClusterName {
  readonly value: string | undefined
  /** Looks for it, unless it is known; never rejects. */
  find(signal: AbortSignal): Promise<void>
}

export const knownClusterName = (value: string): ClusterName => ({ value, find: async () => {} })

export interface FindClusterNameOptions {
  ec2: Ec2
  log: Logger
  nodes: () => readonly Node[]
  nodeNetworks: () => readonly NodeNetwork[]
}

/** Instances that are asked for their tags: one call, and enough to see that they do not agree. */
const sample = 50
/** Of the sample, some may have ended since their Node was read. */
const attempts = 5

/** The name as the cluster itself tells it, where CLUSTER_NAME is not set on the controller. */
export class FoundClusterName implements ClusterName {
  readonly #o: FindClusterNameOptions
  #value: string | undefined
  #told = ""

  constructor(o: FindClusterNameOptions) {
    this.#o = o
  }

  get value(): string | undefined {
    return this.#value
  }

  async find(signal: AbortSignal): Promise<void> {
    if (this.#value !== undefined) return
    const { log, nodeNetworks } = this.#o
    try {
      const stated = nodeNetworks().map(({ spec }) => spec.mode.clusterName)
      const finding = decideClusterName(stated, [])
      const isOpen = finding.kind === "unknown"
      this.#take(isOpen ? decideClusterName([], await this.#instanceTags(signal)) : finding)
    } catch (error) {
      if (!signal.aborted)
        log.warn("the cluster's name cannot be looked up", { error: (error as Error).message })
    }
  }

  #take(finding: ClusterNameFinding): void {
    if (finding.kind === "found") this.#value = finding.name
    const { kind, ...about } = finding
    const text = JSON.stringify(finding)
    if (text === this.#told) return
    this.#told = text
    const { log } = this.#o
    if (kind === "found") log.info("the cluster's name was found", about)
    else
      log.warn(
        "the cluster's name is not known; set CLUSTER_NAME: until then leaked interfaces are not looked for",
        about,
      )
  }

  async #instanceTags(signal: AbortSignal): Promise<Tags[]> {
    const ids = this.#o.nodes().flatMap(({ spec }) => instanceID(spec?.providerID) ?? [])
    let asked = ids.slice(0, sample)
    for (let attempt = 1; asked.length > 0; attempt++) {
      try {
        const found = await this.#o.ec2.describeInstances({ ids: asked }, { signal })
        return found.map(({ tags }: Instance) => tags)
      } catch (error) {
        if (!isError(error, "ec2/not-found") || attempt === attempts) throw error
        const { message } = error
        asked = asked.filter((id) => !message.includes(id))
      }
    }
    return []
  }
}

const instanceID = (providerID = "") => /\/(i-[0-9a-f]+)$/.exec(providerID)?.[1]
