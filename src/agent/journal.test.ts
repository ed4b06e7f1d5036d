import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { isError } from "../errors/catalogue.ts"
import { hostDisk } from "./disk.ts"
import { Journal } from "./journal.ts"
import { decodeJournal, encodeLine, header } from "./journal-line.ts"
import { type Faults, FaultyDisk } from "./testing/faulty-disk.ts"

interface Entry {
  n: number
}
const path = "/state/journal"
const numbers = (records: unknown[]) => (records as Entry[]).map((r) => r.n)

/** Appends 0..count-1, some at the same time, with compactions between; says which were promised to be on disk. */
async function write(disk: FaultyDisk, count: number) {
  const live: Entry[] = []
  const promised: number[] = []
  try {
    const [journal] = Journal.open<Entry>({ disk, path, snapshot: () => [...live], maxLines: 7 })
    for (let n = 0; n < count; n += 3) {
      const group = [n, n + 1, n + 2].map(async (i) => {
        live.push({ n: i })
        await journal.append({ n: i }).then(
          () => promised.push(i),
          () =>
            live.splice(
              live.findIndex((e) => e.n === i),
              1,
            ),
        )
      })
      await Promise.all(group)
    }
    await journal[Symbol.asyncDispose]()
  } catch {
    // Dead: the process that crashed learns nothing more.
  }
  return promised
}

async function sweep(faults: (crashAt: number) => Faults) {
  const total = new FaultyDisk()
  await write(total, 30)
  assert.ok(total.operations > 30, `the sweep covers ${total.operations} operations`)
  for (let crashAt = 0; crashAt < total.operations; crashAt++) {
    const disk = new FaultyDisk({}).restarted(faults(crashAt))
    const promised = await write(disk, 30)
    const again = disk.restarted()
    const [journal, found] = Journal.open<Entry>({ disk: again, path, snapshot: () => [] })
    const have = new Set(numbers(found.records))
    const lost = promised.filter((n) => !have.has(n))
    assert.deepEqual(lost, [], `crash at operation ${crashAt} lost what was promised`)
    assert.equal(found.damagedLines, 0, `crash at operation ${crashAt} looks like damage`)
    await journal.append({ n: 99 })
    assert.ok(numbers(decodeJournal(again.read(path)!).records).includes(99), "usable afterwards")
  }
}

test("a kill at any operation loses nothing that was promised", () =>
  sweep((crashAt) => ({ crashAt })))

test("a power loss at any operation loses nothing that was promised", async () => {
  for (const keep of [0, 1, 40, 10_000])
    await sweep((crashAt) => ({ crashAt, powerLoss: { keep } }))
})

test("a failure at any operation is reported, and the journal goes on afterwards", async () => {
  const total = new FaultyDisk()
  await write(total, 30)
  // The first four open the file: an agent that cannot do that does not start.
  for (let at = 4; at < total.operations; at++) {
    const disk = new FaultyDisk({ failAt: new Set([at]) })
    const promised = await write(disk, 30)
    const [, found] = Journal.open<Entry>({ disk: disk.restarted(), path, snapshot: () => [] })
    const have = new Set(numbers(found.records))
    assert.deepEqual(
      promised.filter((n) => !have.has(n)),
      [],
      `failure of operation ${at} lost what was promised`,
    )
    assert.ok(promised.length >= 24, `failure of operation ${at} left the journal unusable`)
  }
})

test("records that arrive together share a sync", async () => {
  const disk = new FaultyDisk()
  const [journal] = Journal.open<Entry>({ disk, path, snapshot: () => [] })
  const before = disk.operations
  await Promise.all(Array.from({ length: 30 }, (_, n) => journal.append({ n })))
  assert.equal(disk.operations - before, 30 + 1)
})

test("whatever is cut off the end, every whole line before it is read", () => {
  const lines = Array.from({ length: 5 }, (_, n) => encodeLine(n, n === 0 ? header : { n }))
  const bytes = Buffer.from(lines.join(""))
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.uint8Array({ maxLength: 20 }), (cut, garbage) => {
      const content = decodeJournal(Buffer.concat([bytes.subarray(0, cut), garbage]))
      const whole = lines.filter((_, i) => lines.slice(0, i + 1).join("").length <= cut)
      assert.equal(content.nextSeq, whole.length)
      assert.equal(content.wholeBytes, whole.join("").length)
    }),
  )
})

test("a line that changed in the middle, or is missing, is counted and the others are kept", () => {
  const lines = Array.from({ length: 5 }, (_, n) => encodeLine(n, n === 0 ? header : { n }))
  const altered = lines.with(2, lines[2]!.replace('"n":2', '"n":7')).join("")
  const missing = lines.toSpliced(2, 1).join("")
  for (const text of [altered, missing]) {
    const content = decodeJournal(Buffer.from(text))
    assert.deepEqual(numbers(content.records), [1, 3, 4])
    assert.equal(content.damagedLines, 1)
  }
})

test("a journal of a later format is refused", () => {
  const later = Buffer.from(encodeLine(0, { ...header, version: 2 }))
  const disk = new FaultyDisk({}, new Map([[path, later]]))
  assert.throws(
    () => Journal.open<Entry>({ disk, path, snapshot: () => [] }),
    (e) => isError(e, "agent/journal-version"),
  )
})

test("on a real disk the file is private, and every line is JSON", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-journal-"))
  try {
    const file = join(folder, "state", "journal")
    const [journal] = Journal.open<Entry>({
      disk: hostDisk,
      path: file,
      snapshot: () => [{ n: 1 }],
    })
    await Promise.all([journal.append({ n: 1 }), journal.compact()])
    await journal[Symbol.asyncDispose]()
    const lines = readFileSync(file, "utf8").trimEnd().split("\n")
    assert.deepEqual(
      lines.map((l) => JSON.parse(l).n),
      [undefined, 1],
    )
    const [, found] = Journal.open<Entry>({ disk: hostDisk, path: file, snapshot: () => [] })
    assert.equal(found.existed, true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
