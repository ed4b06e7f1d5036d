import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { NodeInterface } from "../api/nodenetwork.ts"
import { isError } from "../errors/catalogue.ts"
import type { AttachmentKey } from "../ipam/held.ts"
import { type VirtualClock, virtualClock } from "../testing/virtual-clock.ts"
import { AddressBook } from "./address-book.ts"
import type { Refusal } from "./shortage-reason.ts"
import { podInterface } from "./testing/fake-controller.ts"
import { FaultyDisk } from "./testing/faulty-disk.ts"

const key = (n: number | string): AttachmentKey => ({
  network: "aws-cni",
  containerID: `c${n}`,
  ifName: "eth0",
})
const request = (n: number | string) => ({
  key: key(n),
  pod: { namespace: "default", name: `pod-${n}` },
  placement: "node",
  wiring: { netns: `/run/netns/c${n}`, mtu: 9001, vethPrefix: "eni" },
})
const underWay: Refusal = { why: "asked for", hint: "wait", refused: false, final: false }
const cooldownMs = 30_000
const waitMs = 20_000

interface World {
  disk: FaultyDisk
  clock: VirtualClock
  refusal?: () => Refusal
  held?: () => boolean
  keepMs?: () => number | undefined
}

const never = () => false
const none = () => undefined

function open(
  { disk, clock, refusal = () => underWay, held = never, keepMs = none }: World,
  interfaces: NodeInterface[],
) {
  const config = { customNetworking: true, prefixDelegation: false, cooldownMs }
  const fixed = { node: "n1", waitMs, path: "/state/journal", changed: () => {} }
  const { book } = AddressBook.open({ ...fixed, disk, clock, config, refusal, held, keepMs })
  book.adopt(interfaces)
  for (const { id } of interfaces) book.setOpen(id, true)
  return book
}

const world = (): World => ({ disk: new FaultyDisk(), clock: virtualClock() })
const addressOf = async (book: AddressBook, n: number | string) =>
  (await book.assign(request(n))).attachment.held.address

test("the same key gets the same address, also after a restart", async () => {
  const w = world()
  const book = open(w, [podInterface(1, 3)])
  const address = await addressOf(book, 1)
  assert.equal(await addressOf(book, 1), address)
  const again = open({ ...w, disk: w.disk.restarted() }, [podInterface(1, 3)])
  const { attachment, fresh } = await again.assign(request(1))
  assert.deepEqual([attachment.held.address, fresh], [address, false])
  assert.equal(attachment.wiring.netns, "/run/netns/c1")
  assert.equal(attachment.wiring.table, 2)
})

test("W18, W23: an address that a pod gave up is used again only after its cool-down, over restarts too", async () => {
  const w = world()
  const book = open(w, [podInterface(1, 1)])
  const address = await addressOf(book, 1)
  await book.release(key(1))
  const again = open({ ...w, disk: w.disk.restarted() }, [podInterface(1, 1)])
  const waiting = addressOf(again, 2)
  const refused = assert.rejects(waiting, (e) => isError(e, "cni/no-address"))
  await w.clock.advance(waitMs - 1000)
  assert.equal(again.waiting().length, 1)
  await w.clock.advance(1001)
  await refused
  const next = addressOf(again, 3)
  await w.clock.advance(cooldownMs - waitMs)
  assert.equal(await next, address)
})

test("the address of a sticky pod is its own again after restarts, and after its snapshot", async () => {
  const w = world()
  const sticky = { keepMs: () => 3_600_000 }
  const book = open({ ...w, ...sticky }, [podInterface(1, 3)])
  const address = await addressOf(book, 1)
  await book.release(key(1))
  const second = open({ ...w, ...sticky, disk: w.disk.restarted() }, [podInterface(1, 3)])
  assert.notEqual(await addressOf(second, 2), address)
  const third = open({ ...w, ...sticky, disk: w.disk.restarted() }, [podInterface(1, 3)])
  assert.equal(await addressOf(third, 1), address)
  await third.release(key(1))
  const last = open({ ...w, disk: w.disk.restarted() }, [podInterface(1, 3)])
  assert.deepEqual(
    last.pool.kept().map((kept) => kept.address),
    [address],
  )
})

test("a sticky pod whose attachment fails gets its own address at the next try, also after a restart", async () => {
  const w = { ...world(), keepMs: () => 3_600_000 }
  const book = open(w, [podInterface(1, 3)])
  const address = await addressOf(book, 1)
  await book.release(key(1))
  assert.equal(await addressOf(book, 1), address)
  await book.cancel(key(1))
  assert.notEqual(await addressOf(book, 2), address)
  const again = open({ ...w, disk: w.disk.restarted() }, [podInterface(1, 3)])
  assert.equal(await addressOf(again, 1), address)
})

test("a pod that waits for the interface of its kept address holds up no other", async () => {
  const w = world()
  const interfaces = [podInterface(1, 1), podInterface(2, 2)]
  const book = open({ ...w, keepMs: () => 3_600_000 }, interfaces)
  const { attachment } = await book.assign(request(1))
  await book.release(key(1))
  const home = attachment.held.interfaceID
  book.setOpen(home, false)
  const waiting = book.assign(request(1))
  const free = new Set((await Promise.all([2, 3].map((n) => addressOf(book, n)))).values())
  assert.ok(!free.has(attachment.held.address))
  book.setOpen(home, true)
  assert.equal((await waiting).attachment.held.address, attachment.held.address)
})

test("W16: an ADD without a free address waits, and is served in order when supply comes", async () => {
  const w = world()
  const book = open(w, [podInterface(1, 1)])
  await addressOf(book, 1)
  const order: string[] = []
  const adds = ["a", "b", "c"].map(async (n) => {
    await addressOf(book, n)
    order.push(n)
  })
  assert.deepEqual(
    book.waiting().map((x) => x.pod.name),
    ["pod-a", "pod-b", "pod-c"],
  )
  book.adopt([podInterface(1, 3)])
  await Promise.all(adds.slice(0, 2))
  assert.deepEqual(order, ["a", "b"])
  book.adopt([podInterface(1, 4)])
  await Promise.all(adds)
})

test("an ADD that waits too long fails with the reason; one that waits in vain fails at once", async () => {
  const w = world()
  let refusal = underWay
  const book = open({ ...w, refusal: () => refusal }, [])
  const slow = assert.rejects(addressOf(book, 1), /pod default\/pod-1 on node n1 .*asked for/)
  await w.clock.advance(waitMs + 1)
  await slow
  const waiting = assert.rejects(addressOf(book, 2), /no such ENIConfig/)
  refusal = { why: "no such ENIConfig", hint: "create it", refused: true, final: true }
  book.wake()
  await waiting
  await assert.rejects(addressOf(book, 3), (e) => isError(e, "cni/no-address") && e.cni === 11)
})

test("an assignment that is taken back leaves nothing, and its address needs no cool-down", async () => {
  const w = world()
  const book = open(w, [podInterface(1, 1)])
  const address = await addressOf(book, 1)
  await book.cancel(key(1))
  assert.equal(await addressOf(book, 2), address)
  const again = open({ ...w, disk: w.disk.restarted() }, [podInterface(1, 1)])
  assert.deepEqual(
    again.attachments().map((a) => a.held.pod.name),
    ["pod-2"],
  )
})

test("a line lost to damage makes no address held twice, and keeps no agent from starting", async () => {
  const w = world()
  const book = open(w, [podInterface(1, 1)])
  await addressOf(book, 1)
  await book.cancel(key(1))
  await addressOf(book, 2)
  const lines = w.disk.read("/state/journal")!.toString().split("\n")
  const text = lines.filter((line) => !line.includes('"op":"free"')).join("\n")
  const damaged = new FaultyDisk({}, new Map([["/state/journal", Buffer.from(text)]]))
  const again = open({ ...w, disk: damaged }, [podInterface(1, 1)])
  assert.deepEqual(
    again.attachments().map((a) => a.held.pod.name),
    ["pod-2"],
  )
})

test("what is offered stays unused after a restart, until status drops it", async () => {
  const w = world()
  const book = open(w, [podInterface(1, 2)])
  await book.offer([{ interfaceID: "eni-1", address: "100.64.1.11" }])
  const again = open({ ...w, disk: w.disk.restarted() }, [podInterface(1, 2)])
  assert.equal(await addressOf(again, 1), "100.64.1.12")
  assert.equal(again.pool.offers().length, 1)
  again.adopt([{ ...podInterface(1, 2), addresses: ["100.64.1.12"] }])
  assert.deepEqual(again.pool.offers(), [])
})

test("pods that the journal lacked are taken into it: held from then on, and free after their release", async () => {
  const w = world()
  const held = { ...request("old"), address: "100.64.1.11", interfaceID: "", assignedAt: 0 }
  const others = [{ held, wiring: { ...request("old").wiring, table: 2 } }]
  const config = { customNetworking: true, prefixDelegation: false, cooldownMs }
  const options = {
    node: "n1",
    waitMs,
    path: "/state/journal",
    changed: () => {},
    config,
    held: never,
  }
  const open1 = (disk: FaultyDisk, found: typeof others) => {
    const more = { disk, refusal: () => underWay }
    const { book } = AddressBook.open({ ...options, ...w, ...more }, () => found)
    book.adopt([podInterface(1, 2)])
    book.setOpen("eni-1", true)
    return book
  }
  const names = (book: AddressBook) => book.attachments().map((a) => a.held.pod.name)
  open1(w.disk, others)
  const disk = w.disk.restarted()
  const book = open1(disk, [])
  assert.deepEqual(names(book), ["pod-old"], "known without being told again")
  assert.equal(book.find(key("old"))?.held.interfaceID, "eni-1", "its interface is remembered")
  assert.deepEqual(book.pool.lost(), [])
  assert.equal(await addressOf(book, 1), "100.64.1.12", "its address is taken")
  await book.release(key("old"))
  assert.deepEqual(names(open1(disk.restarted(), [])), ["pod-1"])
  const contested = open1(disk.restarted(), [
    { held: { ...held, address: "100.64.1.12" }, wiring: others[0]!.wiring },
  ])
  assert.deepEqual(names(contested), ["pod-1"], "the journal's holder of an address wins")
})

test("W15: thirty ADDs at once cost two syncs", async () => {
  const w = world()
  const book = open(w, [podInterface(1, 40)])
  const before = w.disk.operations
  const assigned = await Promise.all(Array.from({ length: 30 }, (_, n) => book.assign(request(n))))
  await Promise.all(assigned.map((a) => a.saved))
  assert.ok(w.disk.operations - before <= 30 + 2)
})

// Promises 1 and 2 of the design, on any interleaving: no address to two pods, none lost for good.
const commands = fc.array(
  fc.record({
    what: fc.constantFrom("add", "add", "add", "del", "grow", "offer", "time", "restart"),
    pod: fc.nat(9),
    amount: fc.nat(40_000),
  }),
  { maxLength: 40 },
)

test("over any interleaving of ADD, DEL, supply, offers and crashes no address is given twice or too early", async () => {
  await fc.assert(
    fc.asyncProperty(commands, fc.nat(200), async (script, crashAt) => {
      const w: World = { disk: new FaultyDisk({ crashAt }), clock: virtualClock() }
      let size = 4
      /** What the outside was told: which pod has which address; when addresses were given up. */
      const told = new Map<number, string>()
      const gone = new Map<string, number>()
      let book: AddressBook | undefined
      const start = () => {
        try {
          book = open(w, [podInterface(1, size)])
        } catch {
          w.disk = w.disk.restarted()
          book = open(w, [podInterface(1, size)])
        }
        const held = new Map(
          book.attachments().map((a) => [a.held.key.containerID, a.held.address]),
        )
        for (const [pod, address] of told) assert.equal(held.get(`c${pod}`), address, "kept")
      }
      const wrong: string[] = []
      const add = async (on: AddressBook, pod: number) => {
        const { attachment, saved, fresh } = await on.assign(request(pod))
        const { address } = attachment.held
        await saved
        if (on !== book) return
        for (const [other, a] of told) if (a === address && other !== pod) wrong.push(`${a} twice`)
        const since = gone.get(address) ?? Number.NEGATIVE_INFINITY
        if (fresh && w.clock.now() - since < cooldownMs) wrong.push(`${address} too early`)
        told.set(pod, address)
      }
      start()
      for (const { what, pod, amount } of script) {
        const on = book!
        if (what === "add") void add(on, pod).catch(() => {})
        if (what === "del") {
          const address = told.get(pod)
          told.delete(pod)
          if (address) gone.set(address, w.clock.now())
          await on.release(key(pod)).catch(() => {})
        }
        if (what === "grow") on.adopt([podInterface(1, ++size)])
        if (what === "offer") {
          const address = `100.64.1.${11 + pod}`
          await on.offer([{ interfaceID: "eni-1", address }]).catch(() => {})
        }
        if (what === "time") await w.clock.advance(amount)
        if (what === "restart") {
          w.disk = w.disk.restarted()
          start()
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.deepEqual(wrong, [])
    }),
    { numRuns: 150 },
  )
})

test("a placement that is held gives nothing anew, but keeps what it gave", async () => {
  let held = false
  const book = open({ ...world(), held: () => held }, [podInterface(1, 4)])
  const first = await addressOf(book, 1)
  held = true
  assert.equal(await addressOf(book, 1), first)
  let served = false
  const waiting = addressOf(book, 2).then(() => {
    served = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(served, false)
  held = false
  book.wake()
  await waiting
})
