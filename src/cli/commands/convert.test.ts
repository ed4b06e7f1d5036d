import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { smallFleet } from "../../fleet/testing/small-fleet.ts"
import { run } from "../testing/run.ts"

const config = `apiVersion: crd.k8s.amazonaws.com/v1alpha1
kind: ENIConfig
metadata: { name: us-west-2a }
spec: { subnet: subnet-0a1b2c3d }
`

test("import: pools on stdout, what they are worth on stderr", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "convert-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, "config.yaml")
  writeFileSync(file, config)
  const made = await run(["import", "--from", "eniconfig", "--label-key", "zone", file])
  assert.equal(made.exit, 0)
  assert.equal(
    made.out,
    `apiVersion: berth.dev/v1alpha1
kind: SubnetPool
metadata:
  name: us-west-2a
spec:
  nodeSelector:
    matchLabels:
      zone: us-west-2a
  subnets:
    - id: subnet-0a1b2c3d
  strategy: Ordered
`,
  )
  assert.match(made.err, /^differs {2}bindings: .*\nsame {5}ENIConfig\/us-west-2a: /)
  const none = await run(["import", "--from", "terway", file])
  assert.deepEqual([none.exit, none.out], [1, ""])
  assert.match(none.err, /no PodNetworking/)
  const wrong = await run(["import", "--from", "terway", "--map", "x", file])
  assert.equal(wrong.exit, 1)
})

test("export: pools of a file against the subnets of a snapshot", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "convert-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const snapshot = smallFleet()
  const [subnet] = snapshot.aws?.subnets ?? []
  assert.ok(subnet)
  const [fleet, pools] = [join(folder, "fleet.json"), join(folder, "pools.json")]
  writeFileSync(fleet, JSON.stringify(snapshot))
  const spec = { nodeSelector: {}, subnets: [{ id: subnet.id }] }
  const pool = {
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name: "p" },
    spec,
  }
  writeFileSync(pools, JSON.stringify(pool))
  const made = await run(["export", "--to", "eniconfig", "--snapshot", fleet, pools])
  assert.equal(made.exit, 0, made.err)
  assert.match(made.out, new RegExp(`name: p-${subnet.zone}\nspec:\n  subnet: ${subnet.id}\n`))
})
