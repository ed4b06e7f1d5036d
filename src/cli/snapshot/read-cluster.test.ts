// Goal: the documented ClusterRole is what reading a cluster takes, and nothing else.
import assert from "node:assert/strict"
import { test } from "node:test"
import { parse } from "yaml"
import { KubeError } from "../../kube/kube.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { doctorPage } from "../reference/doctor-page.ts"
import { readCluster } from "./read-cluster.ts"

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

test("the documented ClusterRole allows each list that is made, and nothing else", async () => {
  const listed: string[] = []
  const kube = memoryKube()
  kube.setFault(({ method, resource }) => {
    if (method !== "list" || resource === undefined) return
    listed.push(`${resource.group}/${resource.plural}`)
    throw new KubeError(403, "Forbidden", "may not list it")
  })
  const { unread } = await readCluster(kube)
  assert.equal(unread.length, listed.length, "each refusal is noted, and none ends the reading")
  const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(doctorPage()) ?? []
  const { rules } = parse(yaml) as { rules: Rule[] }
  assert.ok(rules.every((rule) => rule.verbs.join() === "list"))
  const allowed = rules.flatMap((r) => r.resources.map((name) => `${r.apiGroups[0]}/${name}`))
  assert.deepEqual(allowed.toSorted(), listed.toSorted())
})
