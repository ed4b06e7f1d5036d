// Writes the reference pages that are made from tables in code. test/docs.test.ts fails when one of them is stale.
import { writeFileSync } from "node:fs"
import { referencePages } from "./reference-pages.ts"

for (const [file, make] of Object.entries(referencePages)) writeFileSync(file, make())
