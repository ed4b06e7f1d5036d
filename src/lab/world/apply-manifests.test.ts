import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import type { KubeObject } from "../../api/meta.ts"
import { eniConfigs } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import { createKubeApi } from "../kubeapi/kube-api.ts"
import { daemonSets } from "../loops/workloads.ts"
import { applyManifests, readManifestFolder, readManifests } from "./apply-manifests.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const applier = () => {
  const api = createKubeApi({ clock: systemClock })
  const { signal } = new AbortController()
  return { ...api, clock: systemClock, signal, [Symbol.dispose]: () => api[Symbol.dispose]() }
}

test("Berth's own definitions and manifests apply, and objects of new kinds after them", async () => {
  using api = applier()
  await applyManifests(api, readManifestFolder(join(root, "crds")))
  await applyManifests(api, readManifestFolder(join(root, "deploy")))
  await applyManifests(
    api,
    readManifests(
      "apiVersion: crd.k8s.amazonaws.com/v1alpha1\nkind: ENIConfig\nmetadata: { name: a }\nspec: { subnet: subnet-0123456789abcdef0 }\n",
    ),
  )
  assert.ok(await api.kube.get(eniConfigs, "a"))
  const agent = await api.kube.get(daemonSets, "aws-node", "kube-system")
  const applied = agent?.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"]
  assert.equal((JSON.parse(applied ?? "{}") as KubeObject).kind, "DaemonSet")
  // A second time changes nothing and fails nothing.
  await applyManifests(api, readManifestFolder(join(root, "deploy")))
})

test("several documents, comments and empty ones", () => {
  const text = "# nothing\n---\nkind: A\napiVersion: v1\n---\n---\nkind: B\napiVersion: v1\n"
  assert.deepEqual(
    readManifests(text).map((o) => o.kind),
    ["A", "B"],
  )
  assert.throws(() => readManifests("a: [\n"))
})
