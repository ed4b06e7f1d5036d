import { pods } from "../api/resources.ts"
import { fail } from "../errors/catalogue.ts"
import { type Kube, KubeError } from "../kube/kube.ts"

interface PodName {
  readonly namespace: string
  readonly name: string
}

const key = "vpc.amazonaws.com/pod-ips"
const attempts = 3

/**
 * ANNOTATE_POD_IP: tells a pod's address on the pod itself, before the kubelet does, for policy engines such as
 * Calico's. The empty string says that the pod has given its address up. Errors: agent/not-annotated.
 */
export class PodIPAnnotation {
  readonly #kube: Kube

  constructor(kube: Kube) {
    this.#kube = kube
  }

  async set(pod: PodName, address: string): Promise<void> {
    await this.#try(pod, () => this.#write(pod, { annotations: { [key]: address } }))
  }

  /** Only while it names `address`: another sandbox, or another pod of that name, may have one by now. */
  async clear(pod: PodName, address: string): Promise<void> {
    await this.#try(pod, async () => {
      const found = await this.#kube.get(pods, pod.name, pod.namespace)
      if (found?.metadata.annotations?.[key] !== address) return
      const { uid, resourceVersion } = found.metadata
      await this.#write(pod, { uid, resourceVersion, annotations: { [key]: "" } }).catch(
        absentIsDone,
      )
    })
  }

  #write({ namespace, name }: PodName, metadata: object) {
    return this.#kube.patch(pods, { name, namespace }, { type: "merge", body: { metadata } })
  }

  /** A write that meets another one is made again. */
  async #try(pod: PodName, work: () => Promise<unknown>): Promise<void> {
    // A sandbox that is not a pod's, such as one made by cnitool.
    if (pod.namespace === "") return
    for (let attempt = 1; ; attempt++) {
      try {
        await work()
        return
      } catch (error) {
        if (error instanceof KubeError && error.status === 409 && attempt < attempts) continue
        const { namespace, name } = pod
        const why = error instanceof Error ? error.message : String(error)
        throw fail("agent/not-annotated", { pod: `${namespace}/${name}`, why }, error)
      }
    }
  }
}

function absentIsDone(error: unknown): void {
  if (!(error instanceof KubeError && error.status === 404)) throw error
}
