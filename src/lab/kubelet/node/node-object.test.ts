import assert from "node:assert/strict"
import { test } from "node:test"
import { nodeConditions } from "./node-conditions.ts"
import { nodeName, nodeObject } from "./node-object.ts"

const facts = {
  instanceId: "i-1",
  instanceType: "m5.large",
  zone: "us-west-2a",
  region: "us-west-2",
  imageId: "ami-1",
  privateAddress: "10.0.0.18",
  nodeGroup: "general",
}

test("the node has what schedulers, controllers and people look for", () => {
  const node = nodeObject(facts, "v1.35.4")
  assert.equal(node.metadata.name, "ip-10-0-0-18.us-west-2.compute.internal")
  assert.equal(node.spec?.providerID, "aws:///us-west-2a/i-1")
  const labels = node.metadata.labels ?? {}
  assert.equal(labels["topology.kubernetes.io/zone"], "us-west-2a")
  assert.equal(labels["topology.kubernetes.io/region"], "us-west-2")
  assert.equal(labels["node.kubernetes.io/instance-type"], "m5.large")
  assert.equal(labels["kubernetes.io/hostname"], node.metadata.name)
  assert.equal(labels["eks.amazonaws.com/nodegroup"], "general")
  assert.equal(node.status?.allocatable?.["pods"], "29")
  assert.deepEqual(node.status?.addresses?.[0], { type: "InternalIP", address: "10.0.0.18" })
})

test("names follow the region's DNS", () => {
  assert.equal(
    nodeName({ privateAddress: "10.0.0.1", region: "us-east-1" }),
    "ip-10-0-0-1.ec2.internal",
  )
})

test("readiness keeps its time until it turns", () => {
  const at = (text: string) => Date.parse(text)
  const first = nodeConditions(undefined, false, at("2026-01-01T00:00:00Z"))
  const still = nodeConditions(first, false, at("2026-01-01T00:05:00Z"))
  const turned = nodeConditions(still, true, at("2026-01-01T00:06:00Z"))
  const ready = (all: typeof first) => all.find((c) => c.type === "Ready")!
  assert.equal(ready(still).lastTransitionTime, "2026-01-01T00:00:00Z")
  assert.equal(ready(still).lastHeartbeatTime, "2026-01-01T00:05:00Z")
  assert.equal(ready(turned).lastTransitionTime, "2026-01-01T00:06:00Z")
  assert.equal(turned.find((c) => c.type === "MemoryPressure")?.status, "False")
})
