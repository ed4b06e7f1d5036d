import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { run } from "../testing/run.ts"

const good = `apiVersion: crd.k8s.amazonaws.com/v1alpha1
kind: ENIConfig
metadata: { name: us-west-2a }
spec: { subnet: subnet-0a1b2c3d }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: other }
`
const bad = `apiVersion: v1
kind: List
items:
  - apiVersion: berth.dev/v1alpha1
    kind: SubnetPool
    metadata: { name: web }
    spec: { nodeSelector: {}, subnets: [{ id: subnet-1, cidr: 10.0.0.0/8 }] }
`
const overlapping = ["a", "b"]
  .map(
    (name) => `apiVersion: berth.dev/v1alpha1
kind: SubnetPool
metadata: { name: ${name} }
spec: { podSelector: {}, subnets: [{ cidr: 100.64.0.0/16 }] }
`,
  )
  .join("---\n")

test("validate: exit code and report say what a cluster would", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "validate-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const fine = await run(["validate", file("good.yaml", good)])
  assert.deepEqual([fine.exit, fine.err], [0, ""])
  assert.match(fine.out, /^1 ENIConfigs.*: 0 would be denied, 0 warnings\n$/)

  const refused = await run(["validate", file("bad.yaml", bad), "-o", "json"])
  assert.equal(refused.exit, 1)
  const { denied, findings } = JSON.parse(refused.out)
  assert.equal(denied, 2)
  assert.match(findings[0].message, /exactly one of id, tags, cidr; it has id and cidr/)

  const pools = file("pools.yaml", overlapping)
  const warned = await run(["validate", pools])
  assert.equal(warned.exit, 0)
  assert.match(warned.out, /SubnetPool\/a and SubnetPool\/b can select the same pods/)
  assert.equal((await run(["validate", pools, "--strict"])).exit, 1)
  assert.match((await run(["validate", pools, pools])).out, /given 2 times/)

  const broken = await run(["validate", file("broken.yaml", "a: [")])
  assert.equal(broken.exit, 66)
  assert.match(broken.err, /broken.yaml cannot be read/)
})
