import type { Pod } from "../api/core.ts"
import type { KubeObject } from "../api/meta.ts"
import { namespaces, type Resource, serviceAccounts } from "../api/resources.ts"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import type { Clock } from "../clock.ts"
import type { PodFacts } from "../placement/pool-selection.ts"
import { failed, found, type Read } from "../placement/read.ts"
import type { PolicyPod } from "../placement/security-group-policy.ts"
import type { Kube } from "./kube.ts"

type Labels = Readonly<Record<string, string>>

/** Labels of namespaces and service accounts are asked for when a selector needs them, and kept so long. */
const labelsMs = 10_000
const labelsLimit = 1_000

/** What decides a pod's placement besides the pod itself. */
export class PodFactsReader {
  readonly #kube: Kube
  readonly #clock: Clock
  readonly #labels = new Map<string, { at: number; read: Promise<Read<Labels>> }>()

  constructor({ kube, clock }: { kube: Kube; clock: Clock }) {
    this.#kube = kube
    this.#clock = clock
  }

  /** Reads only what a selector of these objects asks for; never rejects. */
  async factsOf(
    { metadata, spec }: Pick<Pod, "metadata" | "spec">,
    pools: Read<readonly SubnetPool[]>,
    policies: Read<readonly SecurityGroupPolicy[]>,
  ): Promise<PodFacts & PolicyPod> {
    const { name, namespace = "", labels = {} } = metadata
    const serviceAccount = spec.serviceAccountName ?? "default"
    const selects = <T>(read: Read<readonly T[]>, by: (item: T) => unknown) =>
      read.state === "found" && read.value.some((item) => by(item) !== undefined)
    const byNamespace = selects(pools, (p) => p.spec.namespaceSelector)
    const byAccount = selects(policies, (p) => p.spec?.serviceAccountSelector)
    const nothing = found<Labels>({})
    return {
      name,
      namespace,
      labels,
      serviceAccount,
      namespaceLabels: byNamespace ? await this.#labelsOf(namespaces, namespace) : nothing,
      serviceAccountLabels: byAccount
        ? await this.#labelsOf(serviceAccounts, serviceAccount, namespace)
        : nothing,
    }
  }

  #labelsOf<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string) {
    const key = `${resource.plural}/${namespace ?? ""}/${name}`
    const now = this.#clock.now()
    const known = this.#labels.get(key)
    if (known && now - known.at < labelsMs) return known.read
    if (this.#labels.size >= labelsLimit) this.#labels.clear()
    const read = this.#kube.get(resource, name, namespace).then(
      (object): Read<Labels> =>
        object ? found(object.metadata.labels ?? {}) : { state: "absent" },
      (error: Error): Read<Labels> => {
        this.#labels.delete(key)
        return failed(error.message)
      },
    )
    this.#labels.set(key, { at: now, read })
    return read
  }
}
