import type { ENIConfig } from "../../api/eniconfig.ts"
import { attachInterface } from "../../ec2/memory/attachments.ts"
import type { Core } from "../../ec2/memory/core.ts"
import { assignAddresses, createInterface } from "../../ec2/memory/interfaces.ts"
import { limitsOf } from "../../ec2/memory/limits.ts"
import type { CloudInstance, CloudInterface } from "../../ec2/memory/records.ts"
import { interfacesInOrder } from "../../ec2/memory/views.ts"

export interface IpamdOptions {
  readonly core: Core
  readonly instance: CloudInstance
  /** The node's ENIConfig with custom networking; undefined without. Read only when an ENI is made. */
  readonly config: () => Promise<ENIConfig | undefined>
  readonly customNetworking: boolean
  /** Addresses in use, by container: outlives the process, as the original's checkpoint does. */
  readonly used: Map<string, string>
}

/**
 * What amazon-vpc-cni-k8s decides on a node (pkg/ipamd, v1.23), without prefixes: addresses of every ENI are handed out,
 * also those of the primary from before custom networking; new ones are never made on it then; the ENIConfig is read
 * when an ENI is made, and never again.
 */
export class Ipamd {
  readonly #options: IpamdOptions

  constructor(options: IpamdOptions) {
    this.#options = options
  }

  /** Gives the node its first addresses. Rejects, and the plugin does not start, when custom networking has no ENI. */
  async start(): Promise<void> {
    const secondary = this.#interfaces().length > 1
    if (this.#free() !== undefined && (secondary || !this.#options.customNetworking)) return
    try {
      await this.#grow()
    } catch (error) {
      if (!this.#options.customNetworking) throw error
      const why = (error as Error).message
      throw new Error(`Failed to attach any ENIs for custom networking: ${why}`, { cause: error })
    }
  }

  async add(container: string): Promise<string> {
    const { used } = this.#options
    if (this.#free() === undefined) await this.#grow()
    const address = used.get(container) ?? this.#free()
    if (address === undefined) throw new Error("failed to assign an IP address to container")
    used.set(container, address)
    return address
  }

  del(container: string): void {
    this.#options.used.delete(container)
  }

  #interfaces(): CloudInterface[] {
    const { core, instance } = this.#options
    return interfacesInOrder(core.tables, instance.id)
  }

  #free(): string | undefined {
    const taken = new Set(this.#options.used.values())
    return this.#interfaces()
      .flatMap((eni) => eni.addresses)
      .find((address) => !taken.has(address))
  }

  /** Fills up an ENI that has room, else attaches another; at the type's limit nothing happens. */
  async #grow(): Promise<void> {
    const { core, instance, customNetworking } = this.#options
    const most = limitsOf(instance.type).ipv4PerEni - 1
    const roomy = this.#interfaces()
      .slice(customNetworking ? 1 : 0)
      .find((eni) => eni.addresses.length < most)
    if (roomy !== undefined) {
      assignAddresses(core, { id: roomy.id, addressCount: most - roomy.addresses.length })
      return
    }
    const taken = this.#interfaces().length
    if (taken < limitsOf(instance.type).maxEnis) await this.#attach(taken, most)
  }

  async #attach(deviceIndex: number, addressCount: number): Promise<void> {
    const { core, instance, config } = this.#options
    const spec = (await config())?.spec
    const groups = spec?.securityGroups ?? []
    const eni = createInterface(core, {
      subnetId: spec?.subnet ?? instance.subnetId,
      securityGroups: groups.length > 0 ? groups : (this.#interfaces()[0]?.securityGroups ?? []),
      description: `aws-K8S-${instance.id}`,
      tags: {
        "node.k8s.amazonaws.com/instance_id": instance.id,
        "node.k8s.amazonaws.com/createdAt": new Date(core.now()).toISOString(),
      },
      addressCount,
    })
    const { id } = eni
    attachInterface(core, { id, instanceId: instance.id, deviceIndex, deleteOnTermination: true })
  }
}
