import assert from "node:assert/strict"
import { test } from "node:test"
import type { Node } from "../api/core.ts"
import type { NodeNetwork } from "../api/nodenetwork.ts"
import { memoryEc2 } from "../ec2/memory/memory-ec2.ts"
import { createTags } from "../ec2/memory/tags.ts"
import { silentLogger } from "../log.ts"
import { virtualClock } from "../testing/virtual-clock.ts"
import { FoundClusterName } from "./cluster-name.ts"
import { launch, testCloud } from "./testing/test-cloud.ts"
import { nodeSpec } from "./testing/world.ts"

const nodeOf = (id: string): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: id },
  spec: { providerID: `aws:///us-west-2a/${id}` },
})

function stage(stated?: string) {
  const cloud = testCloud(virtualClock(), () => 0.5)
  const instances = [launch(cloud, "m5.large"), launch(cloud, "m5.large")]
  const said: [string, unknown][] = []
  const say = (message: string, about?: object) => said.push([message, about])
  const { clusterName: _, ...mode } = nodeSpec("i-1").mode
  const spec = { ...nodeSpec("i-1"), mode: { ...mode, ...(stated && { clusterName: stated }) } }
  const name = new FoundClusterName({
    ec2: memoryEc2(cloud),
    log: { ...silentLogger, info: say, warn: say },
    nodes: () => ["i-00000000000000bad", ...instances].map(nodeOf),
    nodeNetworks: () => [{ metadata: { name: "n1" }, spec } as NodeNetwork],
  })
  const tag = (index: number, tags: Record<string, string>) =>
    createTags(cloud.core, { ids: [instances[index] ?? ""], tags })
  return { cloud, name, said, tag, find: () => name.find(new AbortController().signal) }
}

test("the name is found in the tags of the nodes' instances, and the log says how; an instance that ended is no trouble", async () => {
  const { name, said, tag, find } = stage()
  tag(1, { "kubernetes.io/cluster/blue": "owned" })
  await find()
  assert.equal(name.value, "blue")
  const by = "tag kubernetes.io/cluster/NAME=owned of the nodes' instances"
  assert.deepEqual(said, [["the cluster's name was found", { name: "blue", by }]])
})

test("tags that differ are told once, and nothing is chosen until they agree", async () => {
  const { name, said, tag, find } = stage()
  tag(0, { "eks:cluster-name": "blue" })
  tag(1, { "eks:cluster-name": "red" })
  await find()
  await find()
  assert.equal(name.value, undefined)
  assert.equal(said.length, 1)
  assert.match(said[0]?.[0] ?? "", /is not known; set CLUSTER_NAME/)
  assert.partialDeepStrictEqual(said[0]?.[1], { names: ["blue", "red"] })
  tag(1, { "eks:cluster-name": "blue" })
  await find()
  assert.equal(name.value, "blue")
})

test("what DaemonSet aws-node says needs no call", async () => {
  const { cloud, name, find } = stage("green")
  await find()
  assert.deepEqual([name.value, cloud.calls.size], ["green", 0])
})
