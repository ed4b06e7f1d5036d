// Goal: a machine that cannot wire a lab is told what it lacks and which package or right brings it.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { missingTools, pathWithSbin, whyHollow } from "./requirements.ts"

test("each missing tool is named with its package", async () => {
  const missing = missingTools("/nowhere")
  assert.deepEqual(
    missing.map((t) => [t.name, t.debianPackage]),
    [
      ["unshare", "util-linux"],
      ["setpriv", "util-linux"],
      ["mount", "mount"],
      ["nft", "nftables"],
      ["ip", "iproute2"],
      ["ping", "iputils-ping"],
      ["curl", "curl"],
      ["cc", "gcc"],
    ],
  )
  assert.equal(
    await whyHollow("/nowhere"),
    "unshare, setpriv, mount, nft not found (Debian, Ubuntu: apt-get install util-linux mount nftables)",
  )
})

test("a right that is refused is passed on in the words of the program that met it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "berth-tools-"))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of ["mount", "nft"]) symlinkSync("/bin/true", join(folder, name))
  const says = "unshare: unshare failed: Operation not permitted"
  for (const name of ["unshare", "setpriv"])
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${says}' >&2\nexit 1\n`, { mode: 0o755 })
  assert.equal(await whyHollow(folder), `this machine refuses what a lab needs: ${says}`)
})

test("tools are also looked for where only root's PATH looks", () => {
  assert.equal(pathWithSbin("/usr/bin:/sbin"), "/usr/bin:/sbin:/usr/local/sbin:/usr/sbin")
})
