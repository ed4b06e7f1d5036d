import assert from "node:assert/strict"
import { test } from "node:test"
import type { Tags } from "../vpc/model.ts"
import { failed, found } from "./read.ts"
import { resolvePlacement } from "./resolve.ts"
import { nodeA, sourcesWith, subnetOf } from "./testing/facts.ts"

const role = "kubernetes.io/role/cni"
const forCluster = (name: string) => ({ [`cni.networking.k8s.aws/cluster/${name}`]: "shared" })

/** The node's own subnet and two more of its zone, with these tags; one of another zone that is tagged as well. */
function discovered(tags: { node?: Tags; first?: Tags; second?: Tags }, clusterName?: string) {
  const subnets = [
    subnetOf("subnet-node-a", "us-west-2a", { tags: tags.node ?? {} }),
    subnetOf("subnet-1", "us-west-2a", { tags: tags.first ?? {} }),
    subnetOf("subnet-2", "us-west-2a", { tags: tags.second ?? {} }),
    subnetOf("subnet-b", "us-west-2b", { tags: { [role]: "1" } }),
  ]
  const mode = { customNetworking: false, subnetDiscovery: true, annotationKey: "", labelKey: "" }
  const named = { ...mode, ...(clusterName !== undefined && { clusterName }) }
  const resolution = resolvePlacement(
    "node",
    nodeA,
    named,
    sourcesWith({}, { subnets: found(subnets) }),
  )
  return resolution.ok
    ? resolution.placement.subnets.map((o) => o.subnet.id)
    : resolution.refusal.code
}

test("tagged subnets of the zone join the primary ENI's", () => {
  assert.deepEqual(discovered({}), ["subnet-node-a"])
  assert.deepEqual(discovered({ first: { [role]: "1" }, second: { [role]: "" } }), [
    "subnet-node-a",
    "subnet-1",
  ])
})

test("the value 0 excludes a subnet, the primary ENI's too", () => {
  assert.deepEqual(discovered({ node: { [role]: "0" }, first: { [role]: "1" } }), ["subnet-1"])
  assert.deepEqual(discovered({ first: { [role]: "0" } }), ["subnet-node-a"])
  assert.equal(discovered({ node: { [role]: "0" } }), "placement/no-subnet")
})

test("a subnet tagged for other clusters is theirs, where the cluster knows its name", () => {
  const first = { [role]: "1", ...forCluster("blue") }
  assert.deepEqual(discovered({ first }, "green"), ["subnet-node-a"])
  assert.deepEqual(discovered({ first }, "blue"), ["subnet-node-a", "subnet-1"])
  assert.deepEqual(discovered({ first: { ...first, ...forCluster("green") } }, "green"), [
    "subnet-node-a",
    "subnet-1",
  ])
  assert.deepEqual(discovered({ first }), ["subnet-node-a", "subnet-1"])
})

test("subnets that cannot be read are not guessed", () => {
  const mode = { customNetworking: false, subnetDiscovery: true, annotationKey: "", labelKey: "" }
  const resolution = resolvePlacement(
    "node",
    nodeA,
    mode,
    sourcesWith({}, { subnets: failed("throttled") }),
  )
  assert.ok(!resolution.ok && resolution.unreadable)
})
