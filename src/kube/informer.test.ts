import assert from "node:assert/strict"
import { test } from "node:test"
import { eniConfigs } from "../api/resources.ts"
import { silentLogger } from "../log.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { Informer } from "./informer.ts"
import { KubeError } from "./kube.ts"
import { memoryKube } from "./memory/memory-kube.ts"

const config = (name: string, subnet: string) => ({
  apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
  kind: "ENIConfig",
  metadata: { name },
  spec: { subnet },
})

function world() {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  const stop = new AbortController()
  const start = () =>
    new Informer({
      kube,
      resource: eniConfigs,
      clock,
      random: () => 0.5,
      log: silentLogger,
      signal: stop.signal,
    })
  return { clock, kube, stop, start }
}

test("W12: a read before the first list is unsynced, never absent", async () => {
  const { clock, kube, stop, start } = world()
  kube.setFault(() => {
    throw new KubeError(403, "Forbidden", "eniconfigs is forbidden")
  })
  const informer = start()
  await clock.advance(5_000)
  const read = informer.get("a")
  assert.equal(read.state, "unsynced")
  assert.match(read.state === "unsynced" ? read.why : "", /forbidden/)
  kube.setFault(undefined)
  await clock.advance(60_000)
  assert.deepEqual(informer.get("a"), { state: "absent" })
  stop.abort()
  await informer.done
})

test("W36: changes arrive through broken watches, compaction and failing lists", async () => {
  const { clock, kube, stop, start } = world()
  await kube.create(eniConfigs, config("a", "subnet-1"))
  const informer = start()
  await informer.synced()
  const seen: string[] = []
  informer.onChange((c) => seen.push(`${c.key}=${c.object?.spec?.subnet ?? "gone"}`))
  await kube.create(eniConfigs, config("b", "subnet-2"))
  await clock.settle()
  kube.breakWatches()
  await clock.settle()
  await kube.create(eniConfigs, config("c", "subnet-3"))
  await kube.remove(eniConfigs, { name: "a" })
  kube.compact()
  await clock.advance(1_000)
  assert.deepEqual(seen, ["a=subnet-1", "b=subnet-2", "c=subnet-3", "a=gone"])
  assert.equal(informer.state, "synced")
  stop.abort()
  await informer.done
})

test("a watch broken for long makes absence uncertain, while known objects stay readable", async () => {
  const { clock, kube, stop, start } = world()
  await kube.create(eniConfigs, config("a", "subnet-1"))
  const informer = start()
  await informer.synced()
  kube.setFault(() => {
    throw new KubeError(0, "Unreachable", "connection refused")
  })
  kube.breakWatches()
  await clock.advance(31_000)
  assert.equal(informer.state, "stale")
  assert.equal(informer.get("a").state, "known")
  assert.equal(informer.get("b").state, "unsynced")
  kube.setFault(undefined)
  await kube.create(eniConfigs, config("b", "subnet-2"))
  await clock.advance(60_000)
  assert.equal(informer.get("b").state, "known")
  stop.abort()
  await informer.done
})

test("a watch that broke and stands again makes absence certain, without any event", async () => {
  const { clock, kube, stop, start } = world()
  const informer = start()
  await informer.synced()
  await clock.settle()
  const lists = kube.calls["list"]
  kube.breakWatches()
  await clock.advance(60_000)
  assert.equal(informer.state, "synced")
  assert.deepEqual(informer.get("a"), { state: "absent" })
  assert.equal(kube.calls["list"], lists)
  stop.abort()
  await informer.done
})

test("a watch that falls silent is given up and opened anew", async () => {
  const { clock, kube, stop } = world()
  let silent = true
  const deaf = {
    ...kube,
    watch: ((resource, query) => {
      if (!silent) return kube.watch(resource, query)
      return {
        async *[Symbol.asyncIterator]() {
          await new Promise((resolve) => query.signal.addEventListener("abort", resolve))
        },
      }
    }) as typeof kube.watch,
  }
  const informer = new Informer({
    kube: deaf,
    resource: eniConfigs,
    clock,
    random: () => 0.5,
    log: silentLogger,
    signal: stop.signal,
    silenceMs: 60_000,
  })
  await clock.settle()
  silent = false
  await kube.create(eniConfigs, config("late", "subnet-1"))
  await clock.advance(30_000)
  assert.equal(informer.get("late").state, "absent")
  await clock.advance(40_000)
  assert.equal(informer.get("late").state, "known")
  stop.abort()
  await informer.done
})
