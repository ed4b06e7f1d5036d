import assert from "node:assert/strict"
import { test } from "node:test"
import { namespaces, pods } from "../../api/resources.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { PodFactsReader } from "../../kube/pod-facts.ts"
import { subnetPool } from "../../placement/testing/facts.ts"
import { virtualClock } from "../../testing/virtual-clock.ts"
import { podsAtStake } from "./pods-at-stake.ts"

test("only pods of namespaces that two pools share are read", async () => {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  for (const name of ["a", "b"]) {
    const metadata = { name, labels: { team: name } }
    await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata })
    await kube.create(pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web-0", namespace: name, labels: { app: "web" } },
      spec: { containers: [] },
    })
  }
  const ports = { kube, facts: new PodFactsReader({ kube, clock }) }
  const teamA = subnetPool("p", { namespaceSelector: { matchLabels: { team: "a" } } })
  const web = subnetPool("q", { podSelector: { matchLabels: { app: "web" } } })
  const stake = await podsAtStake(teamA, [web], ports)
  assert.deepEqual(stake.namespaces?.map((n) => n.name).sort(), ["a", "b"])
  assert.deepEqual(
    stake.pods?.map((pod) => [pod.namespace, pod.namespaceLabels]),
    [["a", { state: "found", value: { team: "a" } }]],
  )
  const teamB = subnetPool("q", { namespaceSelector: { matchLabels: { team: "b" } } })
  assert.deepEqual(await podsAtStake(teamA, [teamB], ports), {}, "they exclude each other")
  assert.deepEqual(await podsAtStake(subnetPool("n", { nodeSelector: {} }), [web], ports), {})
})
