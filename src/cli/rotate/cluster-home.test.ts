import assert from "node:assert/strict"
import { test } from "node:test"
import { type Kube, KubeError } from "../../kube/kube.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { virtualClock } from "../../testing/virtual-clock.ts"
import { clusterHome } from "./cluster-home.ts"

const clock = virtualClock()

/** What a user sees who may not list rotations. */
function forbidding(discovery: () => Promise<unknown>): Kube {
  const list: Kube["list"] = () =>
    Promise.reject(new KubeError(403, "Forbidden", 'User "jo" cannot list noderotations'))
  return { ...memoryKube({ clock }), list, raw: discovery }
}

test("rotations that may not be listed, in a cluster that has the kind, are no leave to start another here", async () => {
  const kube = forbidding(async () => ({ resources: [{ name: "noderotations" }] }))
  await assert.rejects(clusterHome(kube, clock), { code: "rotation/hidden", message: /"jo"/ })
})

test("without the kind a rotation has its home here, whatever may be listed", async () => {
  const absent = () => Promise.reject(new KubeError(404, "NotFound", "no such path"))
  assert.equal(await clusterHome(forbidding(absent), clock), undefined)
  const others = async () => ({ resources: [{ name: "subnetpools" }] })
  assert.equal(await clusterHome(forbidding(others), clock), undefined)
})
