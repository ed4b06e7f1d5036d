import type { NodeInterface, PlacementKey } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"
import { isError } from "../errors/catalogue.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { Logger } from "../log.ts"
import { type InterfaceSpec, setUpInterface, tearDownInterface } from "./network/interface-setup.ts"

export interface InterfaceKeeperOptions {
  kernel: Kernel
  clock: Clock
  log: Logger
  mtu: number
  /** Whether the pods of a placement are isolated (PodAttachment.isolated). */
  isolates: (placement: PlacementKey) => boolean
  /** Called when an interface can carry pods, and when it no longer can. */
  opened: (interfaceID: string, open: boolean) => void
  repaired: () => void
  /** For the in-memory kernel, where no ENI appears by itself. */
  plug?: ((mac: string) => void) | undefined
}

interface Kept {
  readonly spec: InterfaceSpec
  open: boolean
  /** Why it is not open. */
  problem: string
}

/** EC2 says "attached" before the instance sees the link. It is looked for after a tenth of the time waited so far. */
const shortestLookMs = 25
const longestLookMs = 1_000

/** Keeps the kernel's side of the secondary ENIs as status lists them: set up, verified, torn down. */
export class InterfaceKeeper implements Disposable {
  readonly #o: InterfaceKeeperOptions
  readonly #kept = new Map<string, Kept>()
  readonly #stop = new AbortController()
  #looking = false
  #waitingSince = 0

  constructor(o: InterfaceKeeperOptions) {
    this.#o = o
  }

  /** Why interfaces are not usable yet, by id. */
  problems(): { id: string; problem: string }[] {
    const closed = [...this.#kept].filter(([, kept]) => !kept.open)
    return closed.map(([id, { problem }]) => ({ id, problem }))
  }

  update(interfaces: readonly NodeInterface[]): void {
    const wanted = new Map(interfaces.filter(carriesPods).map((i) => [i.id, i]))
    for (const [id, kept] of this.#kept) if (!wanted.has(id)) this.#remove(id, kept)
    for (const facts of wanted.values()) {
      // The primary ENI is the host's own business: it is up, or there would be no agent.
      if (facts.primary) this.#o.opened(facts.id, true)
      else if (!this.#kept.has(facts.id)) this.#add(facts)
    }
    this.#waitingSince = this.#o.clock.now()
    this.#lookLater()
  }

  /** Puts back what something else removed, such as a network service that was restarted. */
  verify(): void {
    for (const [id, kept] of this.#kept) {
      const wasOpen = kept.open
      const changes = this.#setUp(id, kept)
      if (!wasOpen || changes === 0) continue
      this.#o.repaired()
      this.#o.log.warn("interface repaired", { interface: id, changes })
    }
    this.#lookLater()
  }

  #add(facts: NodeInterface) {
    const { id, mac, deviceIndex, networkCard, primaryAddress, subnetCIDR } = facts
    const { mtu } = this.#o
    const isolated = this.#o.isolates(facts.placement)
    const spec = { id, mac, deviceIndex, networkCard, primaryAddress, subnetCIDR, mtu, isolated }
    const kept: Kept = { spec, open: false, problem: "not looked for yet" }
    this.#kept.set(id, kept)
    this.#o.plug?.(mac)
    this.#setUp(id, kept)
  }

  #remove(id: string, kept: Kept) {
    this.#kept.delete(id)
    try {
      tearDownInterface(this.#o.kernel, kept.spec)
      this.#o.log.info("interface removed", { interface: id })
    } catch (error) {
      // The rules that are left lead to a table without routes: packets then follow the main table.
      this.#o.log.warn("interface not removed cleanly", { interface: id, why: messageOf(error) })
    }
  }

  /** Returns the number of changes it took. */
  #setUp(id: string, kept: Kept): number {
    try {
      const changes = setUpInterface(this.#o.kernel, kept.spec).length
      if (!kept.open) this.#o.log.info("interface set up", { interface: id, mac: kept.spec.mac })
      this.#mark(id, kept, true)
      return changes
    } catch (error) {
      const problem = messageOf(error)
      const expected = isError(error, "kernel/link-missing") && !kept.open
      if (problem !== kept.problem && !expected) {
        this.#o.log.warn("interface cannot be set up", { interface: id, why: problem })
      }
      kept.problem = problem
      this.#mark(id, kept, false)
      return 0
    }
  }

  #mark(id: string, kept: Kept, open: boolean) {
    // Also when nothing changed: the pool may have been made anew.
    kept.open = open
    this.#o.opened(id, open)
  }

  #lookLater() {
    if (this.#looking || this.#stop.signal.aborted || this.problems().length === 0) return
    this.#looking = true
    const { clock } = this.#o
    const tenthMs = (clock.now() - this.#waitingSince) / 10
    const lookMs = Math.min(longestLookMs, Math.max(shortestLookMs, tenthMs))
    clock.sleep(lookMs, this.#stop.signal).then(
      () => {
        this.#looking = false
        for (const [id, kept] of this.#kept) if (!kept.open) this.#setUp(id, kept)
        this.#lookLater()
      },
      () => {},
    )
  }

  [Symbol.dispose]() {
    this.#stop.abort()
  }
}

const carriesPods = ({ state }: NodeInterface) =>
  state === "Attaching" || state === "Ready" || state === "Draining"

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
