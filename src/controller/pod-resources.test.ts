import assert from "node:assert/strict"
import { test } from "node:test"
import { nodes, securityGroupPolicies, subnetPools } from "../api/resources.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import { podResource } from "../placement/pod-resource.ts"
import { ids } from "./testing/test-cloud.ts"
import { World } from "./testing/world.ts"

const pool = (name: string, subnet: string): SubnetPool => ({
  apiVersion: "berth.dev/v1alpha1",
  kind: "SubnetPool",
  metadata: { name },
  spec: { subnets: [{ id: subnet }], namespaceSelector: { matchLabels: { team: name } } },
})

test("nodes say how many pods of each placement they have room for, as it changes", async () => {
  const world = new World()
  await world.addConfig("a", ids.podsA)
  await world.addNode("n1")
  for (const [name, subnet] of [
    ["blue", ids.podsA2],
    ["red", ids.podsA2],
    ["elsewhere", ids.podsB],
  ] as const)
    await world.kube.create(subnetPools, pool(name, subnet))
  await world.kube.create(securityGroupPolicies, {
    apiVersion: "vpcresources.k8s.aws/v1beta1",
    kind: "SecurityGroupPolicy",
    metadata: { name: "p", namespace: "default" },
    spec: { podSelector: {}, securityGroups: { groupIds: [ids.groupOther] } },
  })
  const groups = podResource(`sg:${ids.groupOther}`) ?? ""
  const capacity = async () => (await world.kube.get(nodes, "n1"))?.status?.capacity ?? {}
  const term = world.start()
  await world.clock.advance(5_000)
  // m5.large: two interfaces for pods, nine addresses each.
  const all = {
    "pods.berth.dev/blue": "18",
    "pods.berth.dev/red": "18",
    "pods.berth.dev/elsewhere": "0",
    [groups]: "18",
  }
  assert.deepEqual(await capacity(), all)

  const demand = (placement: string, inUse: number) => ({
    placement,
    inUse,
    waiting: 0,
    cooling: 0,
  })
  await world.spec("n1", { demand: [demand("node", 0), demand("pool:blue", 1)] })
  await world.clock.advance(1_000)
  const afterBlue = { ...all, "pods.berth.dev/red": "9", [groups]: "9" }
  assert.deepEqual(await capacity(), afterBlue)
  await world.spec("n1", { demand: [demand("node", 1), demand("pool:blue", 1)] })
  await world.clock.advance(1_000)
  assert.deepEqual(await capacity(), {
    ...all,
    "pods.berth.dev/blue": "9",
    "pods.berth.dev/red": "0",
    [groups]: "0",
  })

  // A kubelet that starts anew takes extended resources back; a pool that is deleted takes its own along.
  await world.kube.patch(
    nodes,
    { name: "n1" },
    { type: "merge", body: { status: { capacity: null } }, subresource: "status" },
  )
  await world.kube.remove(subnetPools, { name: "red" })
  await world.clock.advance(1_000)
  assert.deepEqual(await capacity(), {
    "pods.berth.dev/blue": "9",
    "pods.berth.dev/elsewhere": "0",
    [groups]: "0",
  })
  await term.stop()
})
