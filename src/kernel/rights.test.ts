import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { test } from "node:test"
import { namespaceRights } from "./rights.ts"

const nobody = 65534

test("what is allowed is tried, and a refusal says why", () => {
  const rights = namespaceRights()
  if (!rights.allowed) assert.notEqual(rights.why, "")
})

test("a user without rights is told so", { skip: skipReason() }, () => {
  const program = `
    const { namespaceRights } = await import(${JSON.stringify(new URL("./rights.ts", import.meta.url))})
    console.log(JSON.stringify(namespaceRights()))`
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    uid: nobody,
    gid: nobody,
    encoding: "utf8",
  })
  assert.deepEqual(JSON.parse(child.stdout), {
    allowed: false,
    why: "this process lacks CAP_SYS_ADMIN (run as root, or allow user namespaces)",
  })
})

function skipReason(): string | false {
  if (process.getuid?.() !== 0) return "only root can become another user"
  const readable = spawnSync("test", ["-r", new URL("./rights.ts", import.meta.url).pathname], {
    uid: nobody,
  })
  return readable.status === 0 ? false : "another user cannot read this folder"
}
