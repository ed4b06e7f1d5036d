// Goal: imports point down, so that pure decisions stay free of I/O and production never needs the lab.
import assert from "node:assert/strict"
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { test } from "node:test"

/** What each folder of src/ may import besides itself. `node` lists the built-in modules allowed to pure code. */
const leaf = ["http", "errors", "clock.ts", "log.ts", "json-log.ts"]
const pure = [...leaf, "api", "vpc", "placement", "ipam", "fleet"]
const ports = ["kernel", "ec2", "kube", "metrics"]
const allowed: Record<string, readonly string[]> = {
  errors: [],
  http: ["errors"],
  tls: [],
  "clock.ts": [],
  "log.ts": [],
  "json-log.ts": ["log.ts"],
  "lean-heap.ts": [],
  api: [],
  vpc: [...leaf, "api"],
  placement: [...leaf, "api", "vpc"],
  ipam: [...leaf, "api", "vpc", "placement"],
  fleet: pure,
  metrics: leaf,
  kernel: pure,
  ec2: pure,
  kube: pure,
  cni: leaf,
  // The agent installs the relay on the host.
  agent: [...pure, ...ports, "cni", "lean-heap.ts"],
  // The leader carries out NodeRotations.
  controller: [...pure, ...ports, "rotation", "tls", "lean-heap.ts"],
  rotation: [...pure, ...ports],
  // `berth lab` starts the lab by a dynamic import, which is the one door to it.
  cli: [...pure, ...ports, "rotation", "lab"],
  lab: [...pure, ...ports, "cni", "tls"],
}
const pureFolders = new Set(["api", "vpc", "placement", "ipam", "fleet"])

const importOf = /(?:from\s+|import\s*\(\s*|import\s+)"([^"]+)"/g
const topOf = (path: string) => normalize(path).split("/")[1] ?? ""
const production = globSync("src/**/*.{ts,mjs}").filter((f) => !/\.test\.ts$|\/testing\//.test(f))

function imports(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(importOf)].map((m) => m[1] ?? "")
}

test("imports point down", () => {
  const wrong: string[] = []
  for (const file of production) {
    const from = topOf(file)
    for (const spec of imports(file)) {
      if (!spec.startsWith(".")) continue
      const to = topOf(join(dirname(file), spec))
      if (to !== from && !(allowed[from] ?? []).includes(to)) wrong.push(`${file} imports ${spec}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test("pure folders have no I/O, clock or randomness", () => {
  const banned =
    /from "node:(?!assert)|Date\.now\(|new Date\(\)|Math\.random\(|process\.(env|argv)|setTimeout\(/
  const wrong = production
    .filter((f) => pureFolders.has(topOf(f)))
    .filter((f) => banned.test(readFileSync(f, "utf8")))
  assert.deepEqual(wrong, [])
})

test("only cli reaches the lab, and only by a dynamic import", () => {
  const wrong = production
    .filter((f) => topOf(f) !== "lab")
    .filter((f) => /^(?!import type).*from "[^"]*\/lab\//m.test(readFileSync(f, "utf8")))
  assert.deepEqual(wrong, [])
})

test("W14, W20: nothing that the agent loads calls AWS or asks for instance metadata", () => {
  const loaded = new Set(["src/agent/main.ts"])
  for (const file of loaded)
    for (const spec of imports(file))
      if (spec.startsWith(".")) loaded.add(join(dirname(file), spec))
      else assert.ok(!spec.startsWith("@aws-sdk/"), `${file} imports ${spec}`)
  assert.ok(loaded.size > 100)
  for (const file of loaded)
    assert.doesNotMatch(readFileSync(file, "utf8"), /169\.254\.169\.254|fd00:ec2::254/, file)
})

test("no file of src/ is longer than 400 lines", () => {
  const long = production.filter((f) => readFileSync(f, "utf8").split("\n").length > 401)
  assert.deepEqual(long, [])
})
