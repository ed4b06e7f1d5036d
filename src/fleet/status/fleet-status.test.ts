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
