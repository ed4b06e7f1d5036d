import assert from "node:assert/strict"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { parse } from "yaml"
import { referencePages } from "../scripts/reference-pages.ts"
import { shapeFindings } from "../src/fleet/admission/shape.ts"

for (const [file, make] of Object.entries(referencePages)) {
  test(`${file} says what the code says (node scripts/docs.ts writes it anew)`, () => {
    // Not assert.equal: nobody reads a diff of two whole pages.
    assert.ok(readFileSync(file, "utf8") === make(), `${file} is stale: run node scripts/docs.ts`)
  })
}

test("every relative link in the documentation leads somewhere", () => {
  const broken: string[] = []
  for (const file of ["README.md", "CONTRIBUTING.md", ...globSync("docs/**/*.md")]) {
    if (!existsSync(file)) continue
    for (const [, link = ""] of readFileSync(file, "utf8").matchAll(
      /\]\((?!https?:|#|mailto:)([^)#\s]+)/g,
    )) {
      if (!existsSync(join(dirname(file), link))) broken.push(`${file}: ${link}`)
    }
  }
  assert.deepEqual(broken, [])
})

test("the objects on docs/placement.md are ones that a cluster takes", () => {
  const page = readFileSync("docs/placement.md", "utf8")
  const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => parse(text))
  assert.deepEqual(
    examples.map((e) => e.kind),
    ["SubnetPool", "SubnetPool", "SecurityGroupPolicy", "SubnetPool", "SubnetPool"],
  )
  assert.deepEqual(examples.flatMap(shapeFindings), [])
})
