// Goal: only what is meant to be is ever in another namespace, and nothing of it is left open.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readdirSync, readlinkSync, stat, writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { test } from "node:test"
import { withNamespaces } from "../testing/namespaces-or-skip.ts"
import { netlinkKernel } from "./netlink-kernel.ts"

const ownNamespace = () => readlinkSync("/proc/thread-self/ns/net")
const openFiles = () => readdirSync("/proc/self/fd").length

withNamespaces((folder) => {
  const kernel = netlinkKernel()
  const home = ownNamespace()

  test("work enters a namespace and comes back, also when it throws", () => {
    using a = kernel.create(`${folder}/a`)
    using b = kernel.create(`${folder}/b`)
    const seen = a.enter(() => [ownNamespace(), b.enter(ownNamespace), ownNamespace()])
    assert.equal(new Set([home, ...seen]).size, 3)
    assert.equal(seen[0], seen[2])
    assert.throws(() =>
      a.enter(() => {
        throw new Error("inside")
      }),
    )
    assert.equal(ownNamespace(), home)
    kernel.remove(a.path)
    kernel.remove(b.path)
  })

  test("no other thread of the process goes along", async () => {
    using a = kernel.create(`${folder}/threads`)
    // The first asynchronous file call starts libuv's threads, if they did not run yet.
    await a.enter(() =>
      Promise.all([readFile("/proc/self/stat"), new Promise((r) => stat("/", r))]),
    )
    for (const thread of readdirSync("/proc/self/task"))
      assert.equal(readlinkSync(`/proc/self/task/${thread}/ns/net`), home)
    kernel.remove(a.path)
  })

  test("a child process is born where it is started", () => {
    using a = kernel.create(`${folder}/child`)
    const child = a.enter(() => spawnSync("readlink", ["/proc/self/ns/net"], { encoding: "utf8" }))
    assert.equal(child.stdout.trim(), a.enter(ownNamespace))
    kernel.remove(a.path)
  })

  test("no file stays open, whatever comes of opening a namespace", () => {
    const plain = `${folder}/plain`
    writeFileSync(plain, "")
    const before = openFiles()
    for (let i = 0; i < 20; i++) {
      using a = kernel.create(`${folder}/fd`)
      using again = kernel.open(a.path)
      assert.equal(again?.links().length, 1)
      assert.throws(() => kernel.create(a.path), /EEXIST/)
      assert.equal(kernel.open(plain), undefined)
      assert.equal(kernel.open(`${folder}/nosuch`), undefined)
      kernel.remove(a.path)
    }
    assert.equal(openFiles(), before)
  })

  test("a namespace that is unbound lives on for those who hold it", () => {
    using a = kernel.create(`${folder}/held`)
    kernel.remove(a.path)
    assert.equal(kernel.open(a.path), undefined)
    assert.equal(a.link("lo")?.up, true)
  })
})
