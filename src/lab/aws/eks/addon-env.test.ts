import assert from "node:assert/strict"
import { test } from "node:test"
import { decideEnv, type ResolveConflicts } from "./addon-env.ts"

const map = (env: Record<string, string>) => new Map(Object.entries(env))
const decide = (
  wanted: Record<string, string>,
  applied: Record<string, string>,
  live: Record<string, string>,
  resolve: ResolveConflicts,
) => {
  const { change, conflicts } = decideEnv(
    map(wanted),
    { applied: map(applied), live: map(live) },
    resolve,
  )
  return [Object.fromEntries(change), conflicts]
}

test("what EKS has applied follows the configuration, and leaves with it", () => {
  assert.deepEqual(decide({ A: "2" }, { A: "1", B: "1" }, { A: "1", B: "1", C: "x" }, "NONE"), [
    { A: "2", B: undefined },
    [],
  ])
})

test("what others have changed is kept, overwritten, or stops the update", () => {
  const case1 = [{ A: "2" }, { A: "1" }, { A: "9" }] as const
  assert.deepEqual(decide(...case1, "PRESERVE"), [{}, ["A"]])
  assert.deepEqual(decide(...case1, "OVERWRITE"), [{ A: "2" }, []])
  assert.deepEqual(decide(...case1, "NONE"), [{}, ["A"]])
  assert.deepEqual(decide({ A: "9" }, {}, { A: "9" }, "NONE"), [{}, []], "the same is no conflict")
})
