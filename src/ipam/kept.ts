import type { PlacementKey } from "../api/nodenetwork.ts"
import type { PoolInterface } from "./address-space.ts"
import type { AttachmentKey, Held } from "./held.ts"

type PodName = Held["pod"]

/** An address whose pod is gone, and which waits for the next pod of that name; no other gets it until `keptUntil`. */
export interface Kept extends Held {
  /** Milliseconds since the epoch. */
  readonly keptUntil: number
}

/** An address that a pod could not have back, and why. */
export interface NotKept {
  readonly address: string
  readonly why: string
}

/** Reasons remembered for pods that come back late; the oldest go first. */
const reasonsMax = 256

/** The addresses that are kept, by the name of their pod, and what became of those that are not kept any more. */
export class KeptAddresses {
  readonly #kept = new Map<string, Kept>()
  readonly #reasons = new Map<string, NotKept>()

  add(kept: Kept): void {
    this.#kept.set(textOf(kept.pod), kept)
  }

  of(pod: PodName): Kept | undefined {
    return this.#kept.get(textOf(pod))
  }

  values(): MapIterator<Kept> {
    return this.#kept.values()
  }

  delete({ pod }: Kept): void {
    this.#kept.delete(textOf(pod))
  }

  /** The address is kept no longer; the reason is for the pod that asks for it later. */
  end(kept: Kept, why: string): void {
    this.delete(kept)
    this.#reasons.set(textOf(kept.pod), { address: kept.address, why })
    const oldest = this.#reasons.keys().next().value
    if (this.#reasons.size > reasonsMax && oldest !== undefined) this.#reasons.delete(oldest)
  }

  /** Why the pod gets another address than before; told once. */
  takeReason(pod: PodName): NotKept | undefined {
    const reason = this.#reasons.get(textOf(pod))
    this.#reasons.delete(textOf(pod))
    return reason
  }

  due(now: number): Kept[] {
    return [...this.#kept.values()].filter((kept) => kept.keptUntil <= now)
  }
}

/** Why a kept address cannot be had any more; `iface` is the one that has it now. */
export function whyNotKept(
  kept: Kept,
  placement: PlacementKey,
  iface: (Pick<PoolInterface, "id" | "facts"> & { readonly serves: boolean }) | undefined,
): string | undefined {
  if (iface === undefined || iface.id !== kept.interfaceID)
    return `${kept.interfaceID} does not have it any more`
  const { facts } = iface
  if (facts.placement !== placement)
    return `the pod's placement is ${placement} now, was ${facts.placement}`
  if (iface.serves) return undefined
  return facts.state === "Draining"
    ? `${iface.id} in ${facts.subnetID} is being given up: its placement does not name the subnet any more`
    : "it is on its way back to EC2"
}

/** What stands for the sandbox of a kept address. No runtime has a network of this name: it is not a CNI name. */
export const keptKey = ({ namespace, name }: PodName): AttachmentKey => ({
  network: "(kept)",
  containerID: `${namespace}/${name}`,
  ifName: "",
})

const textOf = ({ namespace, name }: PodName) => `${namespace}/${name}`
