// Goal: one lab per name; a name is free again the moment its holder is dead, however it died.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { isError } from "../../errors/catalogue.ts"
import { acquireLabLock } from "./lock.ts"
import { eventually } from "./testing/eventually.ts"

function root(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "berth-lock-"))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test("a second lab of the same name is told the first one's pid; another name is free", async (t) => {
  const where = root(t)
  await using first = await acquireLabLock("one", where)
  await assert.rejects(acquireLabLock("one", where), (error) => {
    assert.ok(isError(error, "lab/already-running"))
    assert.deepEqual(error.detail, { name: "one", pid: process.pid })
    return true
  })
  await using second = await acquireLabLock("two", where)
  assert.notEqual(first.folder, second.folder)
})

test("the state folder is private, and gone with the lock", async (t) => {
  const where = root(t)
  const lock = await acquireLabLock("one", where)
  assert.equal(statSync(lock.folder).mode & 0o777, 0o700)
  writeFileSync(join(lock.folder, "file"), "")
  await lock.release()
  assert.equal(existsSync(lock.folder), false)
  await (await acquireLabLock("one", where)).release()
})

/** A process that holds the lock of lab "one", prints its folder, and then does as told. */
function holderOf(where: string, then: string) {
  const module = join(import.meta.dirname, "lock.ts")
  const program = `
    const { acquireLabLock } = await import(${JSON.stringify(module)})
    const { folder } = await acquireLabLock("one", ${JSON.stringify(where)})
    console.log(folder)
    ${then}`
  return spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "ignore"],
  })
}

test("a holder that fails leaves no folder", async (t) => {
  const where = root(t)
  const holder = holderOf(where, 'throw new Error("unforeseen")')
  const [folder] = await once(holder.stdout, "data")
  await once(holder, "close")
  assert.equal(holder.exitCode, 1)
  assert.equal(existsSync(String(folder).trim()), false)
})

test("after kill -9 of its holder a lab is taken over, with an empty folder", async (t) => {
  const where = root(t)
  const holder = holderOf(where, "setInterval(() => {}, 1000)")
  const folder = String((await once(holder.stdout, "data"))[0]).trim()
  writeFileSync(join(folder, "left"), "")
  await assert.rejects(acquireLabLock("one", where), /runs already/)
  holder.kill("SIGKILL")
  await eventually(async () => {
    await using lock = await acquireLabLock("one", where)
    assert.equal(existsSync(join(lock.folder, "left")), false)
  })
})

test("a name that cannot be a folder, or a folder of somebody else, is refused", async (t) => {
  const where = root(t)
  for (const name of ["", "../x", "-x", "a".repeat(17)])
    await assert.rejects(acquireLabLock(name, where), /cannot name a lab/)
  writeFileSync(join(where, "file"), "")
  await assert.rejects(acquireLabLock("one", join(where, "file")))
})
