import assert from "node:assert/strict"
import { test } from "node:test"
import { indexFleet } from "../facts/fleet-index.ts"
import { node, pod, smallFleet } from "../testing/small-fleet.ts"
import { fleetStatus } from "./fleet-status.ts"

test("a healthy fleet has no trouble and every node has converged", () => {
  const status = fleetStatus(indexFleet(smallFleet()))
  assert.deepEqual(status.trouble, [])
  assert.deepEqual(
    status.nodes.map((n) => [n.node, n.converged, n.used, n.addresses]),
    [
      ["node-a", true, 1, 9],
      ["node-b", true, 1, 9],
    ],
  )
})

test("with prefix delegation subnets tell their free /28 blocks", () => {
  const set = smallFleet().cluster.daemonSet!
  const env = { ...set.env, ENABLE_PREFIX_DELEGATION: "true" }
  const { subnets } = fleetStatus(
    indexFleet(smallFleet({ cluster: { daemonSet: { ...set, env } } })),
  )
  // Of 512 the first and the last hold AWS's own addresses, and the pods' addresses are in the first two.
  assert.equal(subnets.find((s) => s.subnet === "subnet-pods-a")?.freePrefixes, 509)
})

test("zones add up what their nodes and pod subnets have", () => {
  const [a] = fleetStatus(indexFleet(smallFleet())).zones
  assert.deepEqual(a, {
    ...{ zone: "us-west-2a", nodes: 1, converging: 0, addresses: 9, used: 1, stuck: 0 },
    ...{ total: 8187, free: 8177 },
  })
})

test("pools that are not ready come first, with who waits", () => {
  const pool = (name: string, status: "True" | "False", waiting: number) => ({
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name },
    spec: { subnets: [] },
    status: {
      ...{ nodes: 1, pods: 3, waiting, free: 0, total: 11, daysToFull: 0.5, subnets: [] },
      conditions: [
        { type: "Ready", status, reason: "Because", message: "", lastTransitionTime: "" },
      ],
    },
  })
  const subnetPools = [pool("blue", "True", 0), pool("tiny", "False", 2)]
  const { pools } = fleetStatus(indexFleet(smallFleet({ cluster: { subnetPools } })))
  assert.deepEqual(
    pools.map((p) => [p.pool, p.ready, p.waiting]),
    [
      ["tiny", false, 2],
      ["blue", true, 0],
    ],
  )
})

test("stuck pods, full subnets and unready nodes are trouble, and their nodes come first", () => {
  const base = smallFleet()
  const subnets = base.aws!.subnets.map((s) =>
    s.id === "subnet-pods-b" ? { ...s, availableAddresses: 0 } : s,
  )
  const snapshot = smallFleet({
    cluster: {
      nodes: [
        node("a"),
        node("b", { ready: false, readyMessage: "kubelet stopped posting node status" }),
      ],
      pods: [pod("x", "b")],
    },
    aws: { subnets },
  })
  const status = fleetStatus(indexFleet(snapshot))
  assert.equal(status.nodes[0]?.node, "node-b")
  assert.equal(status.nodes[0]?.stuck, 1)
  const text = status.trouble.map((t) => `${t.object}: ${t.what}`).join("\n")
  assert.match(text, /node node-b: 1 pod has no address/)
  assert.match(text, /subnet subnet-pods-b: full; used by ENIConfig\/us-west-2b/)
  assert.match(text, /node node-b: not ready: kubelet stopped/)
})

test("a node with interfaces outside its placement has not converged", () => {
  const snapshot = smallFleet({
    cluster: {
      nodes: [
        node("a", {
          labels: { "topology.kubernetes.io/zone": "us-west-2a" },
          annotations: { "k8s.amazonaws.com/eniConfig": "us-west-2a" },
        }),
      ],
    },
  })
  assert.equal(fleetStatus(indexFleet(snapshot)).nodes[0]?.converged, true)
  const [config] = snapshot.cluster.eniConfigs
  const moved = { ...config!, spec: { ...config!.spec, subnet: "subnet-nodes-a" } }
  const after = smallFleet({ cluster: { ...snapshot.cluster, eniConfigs: [moved] } })
  assert.equal(fleetStatus(indexFleet(after)).nodes[0]?.converged, false)
})
