import assert from "node:assert/strict"
import { test } from "node:test"
import { nodes } from "../api/resources.ts"
import { type Kube, KubeError } from "../kube/kube.ts"
import { memoryKube } from "../kube/memory/memory-kube.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { inspectNode } from "./inspect-node.ts"

const none = async () => []
const ec2 = {
  ...{ describeInstances: none, describeNetworkInterfaces: none },
  ...{ describeSubnets: none, describeSecurityGroups: none },
}

/** Looks at a node while the API server answers a list of SubnetPools with this. */
async function inspectWhile(status: number, reason: string) {
  const memory = memoryKube({ clock: virtualClock() })
  await memory.create(nodes, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "a" },
    spec: { providerID: "aws:///us-west-2a/i-0a" },
  })
  const kube: Kube = {
    ...memory,
    list: (resource, query) =>
      resource.kind === "SubnetPool"
        ? Promise.reject(new KubeError(status, reason, "no answer"))
        : memory.list(resource, query),
  }
  return inspectNode({ kube, ec2, region: "us-west-2", now: () => 0 }, "a")
}

test("a node is not judged while it is open whether a pool binds it", async () => {
  await assert.rejects(inspectWhile(503, "ServiceUnavailable"), { message: "no answer" })
})

test("a cluster without Berth has no SubnetPools, and nobody has a right to them", async () => {
  assert.equal(await inspectWhile(404, "NotFound"), undefined)
  assert.equal(await inspectWhile(403, "Forbidden"), undefined)
})
