import assert from "node:assert/strict"
import type { NodeInterface, Offer } from "../../api/nodenetwork.ts"
import type { World } from "./world.ts"

interface Pod {
  readonly interfaceID: string
  readonly address: string
}

/**
 * An agent reduced to what the controller can tell: pods take free addresses that status lists, spec states demand and
 * offers. It checks what no controller may break: whatever a pod holds stays its node's in EC2.
 */
export class MockAgent {
  readonly #world: World
  readonly node: string
  waiting = 0
  readonly pods: Pod[] = []
  #offers: Offer[] = []
  #interfaces: readonly NodeInterface[] = []

  constructor(world: World, node: string) {
    this.#world = world
    this.node = node
  }

  /** Takes over what status lists now, gives waiting pods what is free, and writes spec. */
  async sync(): Promise<void> {
    const status = await this.#world.status(this.node)
    // A record that was just made anew says nothing yet; what is known stays.
    if (!status && this.#interfaces.length > 0) return
    this.#interfaces = status?.interfaces ?? []
    for (const pod of this.pods) {
      const iface = this.#interfaces.find((i) => i.id === pod.interfaceID)
      const listed = iface?.addresses.includes(pod.address) === true
      assert.ok(listed, `status of ${this.node} has lost ${pod.address}, which a pod holds`)
    }
    const listed = (offer: Offer) => {
      const iface = this.#interfaces.find((i) => i.id === offer.interfaceID)
      if (!iface) return false
      return offer.address === undefined || iface.addresses.includes(offer.address)
    }
    this.#offers = this.#offers.filter(listed)
    while (this.waiting > 0) {
      const free = this.#free()[0]
      if (!free) break
      this.#checkOwned(free)
      this.pods.push(free)
      this.waiting--
    }
    const serving = this.pods.filter((p) => this.#serves(p.interfaceID)).length
    const demand = [{ placement: "node", inUse: serving, waiting: this.waiting, cooling: 0 }]
    await this.#world.spec(this.node, { demand, offers: this.#offers })
  }

  /** The n-th pod ends. */
  end(n: number): void {
    if (this.pods.length > 0) this.pods.splice(n % this.pods.length, 1)
  }

  /** Offers up to `count` free addresses, or an interface without pods when `whole`. */
  offer(count: number, whole: boolean): void {
    if (whole) {
      const empty = this.#interfaces.find(
        (i) => !i.primary && !this.pods.some((p) => p.interfaceID === i.id) && this.#isLive(i),
      )
      if (empty) this.#offers.push({ interfaceID: empty.id })
    } else for (const free of this.#free().slice(0, count)) this.#offers.push({ ...free })
  }

  /** Everything that pods hold is assigned to the node's interface in EC2, and no address is held twice. */
  check(): void {
    for (const pod of this.pods) this.#checkOwned(pod)
    assert.equal(new Set(this.pods.map((p) => p.address)).size, this.pods.length)
  }

  #isLive = (i: NodeInterface) =>
    (i.state === "Ready" || i.state === "Draining") &&
    !this.#offers.some((o) => o.interfaceID === i.id && o.address === undefined)

  #serves(id: string): boolean {
    const iface = this.#interfaces.find((i) => i.id === id)
    return iface?.state === "Ready" && !iface.primary && this.#isLive(iface)
  }

  #free(): Pod[] {
    return this.#interfaces
      .filter((i) => this.#serves(i.id))
      .flatMap((i) => i.addresses.map((address) => ({ interfaceID: i.id, address })))
      .filter(({ address }) => !this.pods.some((p) => p.address === address))
      .filter(({ address }) => !this.#offers.some((o) => o.address === address))
  }

  #checkOwned({ interfaceID, address }: Pod): void {
    const eni = this.#world.cloud.core.tables.networkInterface.get(interfaceID)
    const instance = eni?.attachment?.instanceId
    assert.equal(instance, this.#world.instances.get(this.node), `${interfaceID} of ${this.node}`)
    const own = this.#world.truth(interfaceID)
    assert.ok(own.includes(address), `${address} of a pod is not on ${interfaceID}: ${own}`)
  }
}
