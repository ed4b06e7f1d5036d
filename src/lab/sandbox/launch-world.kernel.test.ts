// Goal: a world has namespaces of its own, and nothing of it outlives it, whoever dies first and however.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { type TestContext, test } from "node:test"
import { fileURLToPath } from "node:url"
import { isError } from "../../errors/catalogue.ts"
import type { WorldEvent } from "./control-channel.ts"
import { launchWorld } from "./launch-world.ts"
import { whyHollow } from "./requirements.ts"
import { eventually } from "./testing/eventually.ts"

const script = fileURLToPath(import.meta.resolve("./testing/stand-in-world.ts"))
const launcherScript = fileURLToPath(import.meta.resolve("./testing/stand-in-launcher.ts"))
const refused = await whyHollow()
const skip = refused === undefined ? false : refused

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "berth-world-"))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Processes whose network namespace is `inode`. */
function processesIn(inode: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === inode
    } catch {
      return false
    }
  })
}

/** Pid, seen from here, of the only child: of unshare the world, of a hollow world its own child. */
function worldOf(unshare: number): number {
  return Number(readFileSync(`/proc/${unshare}/task/${unshare}/children`, "utf8").trim())
}

/** A dead process whose new parent has not looked yet (Z) is gone as well. */
const isGone = (pid: number) =>
  !existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))

const netOf = (pid: number) => readlinkSync(`/proc/${pid}/ns/net`)

test("the world is the first process of its own namespaces and stops when asked", {
  skip,
}, async (t) => {
  const events: WorldEvent[] = []
  const world = await launchWorld({ script, folder: folder(t), onEvent: (e) => events.push(e) })
  const inode = netOf(worldOf(world.pid))
  assert.equal(world.hollow, undefined)
  assert.equal(world.facts["pid"], "1")
  assert.equal(world.facts["namespaces"], "")
  assert.notEqual(inode, netOf(process.pid))
  assert.equal(events[0]?.event, "progress")
  await world.stop()
  assert.deepEqual(await world.ended, { expected: true, why: "stopped" })
  await eventually(() => assert.deepEqual(processesIn(inode), []))
})

test("a world that ignores the request is killed with its children", { skip }, async (t) => {
  const world = await launchWorld({ script, args: ["deaf"], folder: folder(t) })
  const inode = netOf(worldOf(world.pid))
  await world.stop(10)
  await eventually(() => assert.deepEqual(processesIn(inode), []))
})

test("kill -9 of the world ends everything in it and is reported", { skip }, async (t) => {
  const world = await launchWorld({ script, args: ["deaf"], folder: folder(t) })
  const pid = worldOf(world.pid)
  const inode = netOf(pid)
  process.kill(pid, "SIGKILL")
  assert.equal((await world.ended).expected, false)
  await eventually(() => assert.deepEqual(processesIn(inode), []))
})

for (const hollow of [undefined, "tried without"]) {
  const kind = hollow ? "hollow" : "wired"
  test(`kill -9 of the launcher ends a ${kind} world that hangs`, { skip }, async (t) => {
    const launcher = spawn(
      process.execPath,
      [launcherScript, folder(t), ...(hollow ? [hollow] : [])],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    )
    const [line] = (await once(createInterface({ input: launcher.stdout }), "line")) as [string]
    const pid = Number(line)
    const both = [pid, worldOf(pid)]
    launcher.kill("SIGKILL")
    for (const each of both) await eventually(() => assert.ok(isGone(each)))
  })
}

test("the reason for a world that cannot start reaches the caller", async (t) => {
  const start = (mode: string) =>
    launchWorld({ script, args: [mode], folder: folder(t), hollow: "quick" })
  await assert.rejects(start("fail"), (error) => {
    assert.ok(isError(error, "lab/world-ended"))
    assert.match(error.message, /the cloud is missing/)
    return true
  })
  await assert.rejects(start("crash"), /a defect/)
})

test("without namespaces the same world runs and knows why", async (t) => {
  const world = await launchWorld({ script, folder: folder(t), hollow: "no rights" })
  assert.equal(world.hollow, "no rights")
  assert.equal(world.facts["hollow"], "no rights")
  assert.equal(world.facts["pid"], String(world.pid))
  await world.stop()
})
