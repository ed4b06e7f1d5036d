import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { readTar } from "./read-tar.ts"
import { writeTar } from "./write-tar.ts"

const word = fc.stringMatching(/^[a-zä.-]{1,40}$/)
const path = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join("/"))
const entry = fc.record({ path, data: fc.uint8Array({ maxLength: 2000 }) })

test("what is written is read back", () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
      const files = entries.map((e) => ({ path: e.path, data: Buffer.from(e.data) }))
      assert.deepEqual([...readTar(writeTar(files, 1_000_000), "x")], files)
    }),
  )
})

test("tar(1) reads what is written, and its archives are read, long names too", (t) => {
  try {
    execFileSync("tar", ["--version"], { stdio: "ignore" })
  } catch {
    t.skip("no tar here")
    return
  }
  const folder = mkdtempSync(join(tmpdir(), "berth-tar-"))
  try {
    const long = `${"deep/".repeat(30)}${"n".repeat(120)}.log`
    mkdirSync(join(folder, long, ".."), { recursive: true })
    writeFileSync(join(folder, long), "long")
    writeFileSync(join(folder, "short.log"), "short")
    for (const format of ["gnu", "pax", "ustar"]) {
      const names = format === "ustar" ? ["short.log"] : ["short.log", long]
      execFileSync("tar", [`--format=${format}`, "-cf", "a.tar", ...names], { cwd: folder })
      const read = [...readTar(readFileSync(join(folder, "a.tar")), "a.tar")]
      assert.deepEqual(
        read.map((e) => [e.path, e.data.toString()]),
        names.map((n) => [n, n === long ? "long" : "short"]),
      )
    }
    writeFileSync(join(folder, "b.tar"), writeTar([{ path: "x/y", data: Buffer.from("z") }], 0))
    assert.equal(execFileSync("tar", ["-xOf", "b.tar", "x/y"], { cwd: folder }).toString(), "z")
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test("a damaged or shortened archive is refused", () => {
  const good = writeTar([{ path: "a", data: Buffer.alloc(2000) }], 0)
  assert.throws(() => [...readTar(good.subarray(0, 1024), "x")], { code: "cli/bad-archive" })
  const bad = Buffer.from(good)
  bad[3] = 7
  assert.throws(() => [...readTar(bad, "x")], { code: "cli/bad-archive" })
})
