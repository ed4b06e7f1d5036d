import assert from "node:assert/strict"
import { test } from "node:test"
import { podResource } from "./pod-resource.ts"

test("each placement that pods choose has a resource of its own, by a name that Kubernetes takes", () => {
  const long = "p".repeat(80)
  const keys = ["pool:a", "pool:b.c", "sg:sg-1", "sg:sg-1,sg-2", "pool:a/sg:sg-1", `pool:${long}`]
  const names = [...keys, `pool:${long}x`].map((key) => podResource(key) ?? "")
  assert.equal(new Set(names).size, names.length)
  for (const name of names)
    assert.match(name, /^pods\.berth\.dev\/(?=.{1,63}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
  assert.equal(names[0], "pods.berth.dev/a")
  assert.equal(podResource("node"), undefined)
})
