import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { type Kube, KubeError } from "../../kube/kube.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { FakeCluster } from "../../rotation/testing/fake-cluster.ts"
import { virtualClock } from "../../testing/virtual-clock.ts"
import { localHome } from "./local-home.ts"

test("Ctrl-C ends a rotation whose nodes cannot be listed, and its record stays", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "berth-rotations-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const clock = virtualClock()
  const memory = memoryKube({ clock })
  const list: Kube["list"] = () => Promise.reject(new KubeError(403, "Forbidden", "no"))
  const home = await localHome({
    ...{ kube: { ...memory, list }, clock, groups: new FakeCluster() },
    inspect: async () => undefined,
    ...{ env: { XDG_STATE_HOME: folder }, pid: 1, isAlive: () => true },
  })
  await home.start({ nodes: ["a"] })
  const stop = new AbortController()
  const following = home.follow({ onStatus: assert.fail, stopWhenBlocked: false }, stop.signal)
  await clock.advance(30_000)
  stop.abort()
  assert.equal(await following, undefined)
  assert.deepEqual((await home.current())?.spec, { nodes: ["a"] })
})
