import type { NodeInterface, Offer, PlacementKey } from "../api/nodenetwork.ts"
import type { Clock } from "../clock.ts"
import { fail } from "../errors/catalogue.ts"
import { type AttachmentKey, type Cooling, type Held, keyText } from "../ipam/held.ts"
import type { Kept, NotKept } from "../ipam/kept.ts"
import {
  type Adoption,
  type AssignRequest,
  Pool,
  type PoolConfig,
  type PoolShortage,
} from "../ipam/pool.ts"
import { Alarm } from "./alarm.ts"
import { type Attachment, type BookRecord, recall, snapshotOf, type Wiring } from "./book-record.ts"
import type { Disk } from "./disk.ts"
import { Journal } from "./journal.ts"
import { mainTable, tableOf } from "./network/tables.ts"
import type { Refusal } from "./shortage-reason.ts"

export interface AddressBookOptions {
  disk: Disk
  path: string
  config: PoolConfig
  node: string
  clock: Clock
  /** An ADD waits at most this long for supply under way. */
  waitMs: number
  /** True while a pod must not be served although its placement has free addresses. */
  held: (request: AssignRequest) => boolean
  /** What supply says to a pod that gets no address. */
  refusal: (request: AssignRequest, shortage: PoolShortage) => Refusal
  /** For how long the address is kept for the next pod of the name; undefined when it is not. */
  keepMs?: (request: AssignRequest) => number | undefined
  /** A pod could not have the address that was kept for it. */
  notKept?: (held: Held, notKept: NotKept) => void
  /** Told after every change that matters to supply: demand, waiting, offers. */
  changed: () => void
}

export interface Assigned {
  readonly attachment: Attachment
  /** False when the key had this address already. */
  readonly fresh: boolean
  /** Resolves when the assignment is on disk; the pod must not be reported before. */
  readonly saved: Promise<void>
  readonly waitedMs: number
}

/** What to wire is known but for the routing table, which follows from the interface that is chosen. */
type Request = AssignRequest & { readonly wiring: Omit<Wiring, "table"> }

interface Waiter {
  readonly request: Request
  readonly since: number
  readonly resolve: (assigned: Assigned) => void
  readonly reject: (error: unknown) => void
}

/** Far above the pods of any node; a runtime that sends more is told to try again. */
const maxWaiters = 1000

/**
 * The node's addresses: the pool decides, the journal remembers, and ADDs that find nothing free wait in line for
 * supply. The pool changes first and the record follows in the same turn, so a snapshot never misses one.
 */
export class AddressBook implements AsyncDisposable {
  readonly pool: Pool
  readonly #o: AddressBookOptions
  readonly #journal: Journal<BookRecord>
  /** By key; what the pool holds, and how it is wired. */
  readonly #attachments: Map<string, Attachment>
  /** In order of arrival: who came first is served first. */
  readonly #waiters = new Set<Waiter>()
  readonly #alarm: Alarm

  /**
   * `others` tells of pods that the journal may lack: what it does not know, and whose address it has not given to
   * another, is taken into it. Also returns how many those were, and the number of journal lines that were damaged.
   */
  static open(
    o: AddressBookOptions,
    others: (journal: { existed: boolean }) => readonly Attachment[] = () => [],
  ): { book: AddressBook; recovered: number; damagedLines: number } {
    let state: { pool: Pool; attachments: Map<string, Attachment> } | undefined
    const snapshot = () => (state ? snapshotOf(state.pool, state.attachments.values()) : [])
    const [journal, found] = Journal.open<BookRecord>({ disk: o.disk, path: o.path, snapshot })
    const { attachments, cooling, kept, offers } = recall(found.records)
    const taken = new Set([...attachments.values()].map((a) => a.held.address))
    const recovered = others(found).filter(({ held }) => {
      const isNew = !attachments.has(keyText(held.key)) && !taken.has(held.address)
      if (isNew) taken.add(held.address)
      return isNew
    })
    for (const attachment of recovered) {
      attachments.set(keyText(attachment.held.key), attachment)
      journal.append({ op: "hold", ...attachment }).catch(() => {})
    }
    const held = [...attachments.values()].map((a) => a.held)
    const own = kept.filter(({ address }) => !taken.has(address))
    const pool = new Pool(o.config, { held, cooling, kept: own, offers })
    state = { pool, attachments }
    const book = new AddressBook(o, pool, journal, attachments)
    return { book, recovered: recovered.length, damagedLines: found.damagedLines }
  }

  private constructor(
    o: AddressBookOptions,
    pool: Pool,
    journal: Journal<BookRecord>,
    attachments: Map<string, Attachment>,
  ) {
    this.#o = o
    this.pool = pool
    this.#journal = journal
    this.#attachments = attachments
    this.#alarm = new Alarm(o.clock, () => this.wake())
  }

  /** Gives the attachment an address of the placement; rejects with cni/no-address, which says why. */
  assign(request: Request): Promise<Assigned> {
    const now = this.#o.clock.now()
    const inLine = [...this.#waiters].some(
      (w) => w.request.placement === request.placement && this.#wantsAny(w.request),
    )
    const assigned = inLine ? undefined : this.#try(request, now)
    if (assigned) return Promise.resolve(assigned)
    if (this.#waiters.size >= maxWaiters) return Promise.reject(fail("agent/busy", {}))
    return new Promise((resolve, reject) => {
      this.#waiters.add({ request, since: now, resolve, reject })
      this.wake()
      this.#o.changed()
    })
  }

  #try(request: Request, since: number): Assigned | undefined {
    if (!this.find(request.key) && this.#o.held(request)) return undefined
    const now = this.#o.clock.now()
    const result = this.pool.assign({ ...request, keepMs: this.#o.keepMs?.(request) }, now)
    if (result.kind === "wait") return undefined
    const { held, fresh, notKept } = result
    if (notKept) this.#o.notKept?.(held, notKept)
    const text = keyText(held.key)
    const known = fresh ? undefined : this.#attachments.get(text)
    const attachment = known ?? { held, wiring: { ...request.wiring, table: this.#tableFor(held) } }
    this.#attachments.set(text, attachment)
    const saved = this.#journal.append({ op: "hold", ...attachment })
    // The caller wires while the record is being synced, and looks at it afterwards.
    saved.catch(() => {})
    this.#o.changed()
    return { attachment, fresh, saved, waitedMs: now - since }
  }

  /** Waits because its placement has no free address, and not for a reason of its own: then nobody behind it gets one. */
  #wantsAny(request: Request): boolean {
    return !this.#o.held(request) && !this.pool.keeps(request.pod)
  }

  #tableFor(held: Held): number {
    const iface = [...this.pool.interfaces()].find((i) => i.id === held.interfaceID)
    return iface ? tableOf(iface.facts) : mainTable
  }

  /** Serves whom it can, turns away who waited too long or in vain, and sets the alarm for the next time. */
  wake(): void {
    const now = this.#o.clock.now()
    const empty = new Set<PlacementKey>()
    let next = this.pool.nextFreeAt() ?? Number.POSITIVE_INFINITY
    for (const waiter of this.#waiters) {
      const { request } = waiter
      const { placement } = request
      const assigned = empty.has(placement) ? undefined : this.#try(request, waiter.since)
      if (assigned) {
        this.#waiters.delete(waiter)
        waiter.resolve(assigned)
        continue
      }
      if (this.#wantsAny(request)) empty.add(placement)
      const refusal = this.#o.refusal(request, this.pool.shortage(placement))
      const deadline = waiter.since + this.#o.waitMs
      if (!refusal.final && now < deadline) {
        next = Math.min(next, deadline)
        continue
      }
      this.#waiters.delete(waiter)
      waiter.reject(this.#noAddress(request, refusal))
      this.#o.changed()
    }
    // One millisecond on: a timer may ring early.
    if (this.#waiters.size > 0) this.#alarm.set(next + 1)
  }

  #noAddress({ pod }: Request, { why, hint }: Refusal) {
    return fail("cni/no-address", { pod: podText(pod), node: this.#o.node, why, hint })
  }

  /** Notes a pod that has a branch interface, and its address, for itself. Errors: cni/no-branch. */
  hold(own: Omit<Held, "assignedAt">, wiring: Wiring): Assigned {
    const former = this.attachments().find(
      ({ held: { key, address } }) => address === own.address && keyText(key) !== keyText(own.key),
    )
    if (former) {
      const { pod, key } = former.held
      const why = `${own.address} is still held by sandbox ${key.containerID} of ${podText(pod)}, which the runtime has not ended yet`
      throw fail("cni/no-branch", { pod: podText(own.pod), why })
    }
    const held = { ...own, assignedAt: this.#o.clock.now() }
    const known = this.find(held.key)
    if (!known) this.pool.hold(held)
    const attachment = known ?? { held, wiring }
    this.#attachments.set(keyText(held.key), attachment)
    const saved = this.#journal.append({ op: "hold", ...attachment })
    saved.catch(() => {})
    return { attachment, fresh: !known, saved, waitedMs: 0 }
  }

  /**
   * Ends an attachment; its address cools down, or is kept for the next pod of the name. Undefined when there is none,
   * which is success for DEL.
   */
  async release(key: AttachmentKey): Promise<Attachment | undefined> {
    const released = this.pool.release(key, this.#o.clock.now())
    if (released === undefined) return undefined
    const done = this.#forget(key, released)
    this.wake()
    return done
  }

  /** Takes back an assignment that no pod has used: no cool-down. */
  async cancel(key: AttachmentKey): Promise<void> {
    if (!this.find(key)) return
    const kept = this.pool.cancel(key, this.#o.clock.now())
    const done = this.#forget(key, kept && { kept })
    this.wake()
    // Should the record be lost, the next start finds an attachment without a namespace, and frees it.
    await done.catch(() => {})
  }

  async #forget(
    key: AttachmentKey,
    { cooling, kept }: { cooling?: Cooling; kept?: Kept } = {},
  ): Promise<Attachment | undefined> {
    const attachment = this.find(key)
    this.#attachments.delete(keyText(key))
    this.#o.changed()
    const next = { ...(cooling && { cooling }), ...(kept && { kept }) }
    await this.#journal.append({ op: "free", key, ...next })
    return attachment
  }

  find(key: AttachmentKey): Attachment | undefined {
    return this.#attachments.get(keyText(key))
  }

  attachments(): Attachment[] {
    return [...this.#attachments.values()]
  }

  /** Requests in line now, oldest first. */
  waiting(): { pod: Held["pod"]; placement: PlacementKey; since: number }[] {
    return [...this.#waiters].map(({ request, since }) => ({
      pod: request.pod,
      placement: request.placement,
      since,
    }))
  }

  /** Merges what status lists now. */
  adopt(interfaces: readonly NodeInterface[]): Adoption {
    const adoption = this.pool.adopt(interfaces, this.#o.clock.now())
    if (adoption.settled.length > 0) {
      // Losing this record costs nothing: the offers settle again after a restart.
      this.#journal.append({ op: "settle", offers: adoption.settled }).catch(() => {})
    }
    for (const held of adoption.located) {
      const attachment = { ...this.#attachments.get(keyText(held.key))!, held }
      this.#attachments.set(keyText(held.key), attachment)
      // Losing this costs nothing either: it is found again.
      this.#journal.append({ op: "hold", ...attachment }).catch(() => {})
    }
    this.wake()
    return adoption
  }

  setOpen(interfaceID: string, open: boolean): void {
    this.pool.setOpen(interfaceID, open)
    if (open) this.wake()
  }

  /** Stops using things to give them back; resolves when that is on disk, so that spec may say it. */
  async offer(offers: readonly Offer[]): Promise<readonly Offer[]> {
    const accepted = this.pool.offer(offers, this.#o.clock.now())
    if (accepted.length > 0) await this.#journal.append({ op: "offer", offers: accepted })
    return accepted
  }

  /** Ends every wait with agent/stopping: the relays call again, and the successor answers. */
  endWaits(): void {
    for (const w of this.#waiters) w.reject(fail("agent/stopping", {}))
    this.#waiters.clear()
  }

  async [Symbol.asyncDispose]() {
    this.#alarm[Symbol.dispose]()
    this.endWaits()
    await this.#journal[Symbol.asyncDispose]()
  }
}

const podText = ({ namespace, name }: Held["pod"]): string =>
  namespace === "" ? name : `${namespace}/${name}`
