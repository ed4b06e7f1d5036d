import assert from "node:assert/strict"
import { test } from "node:test"
import { addNode, loopWorld } from "./testing/loop-world.ts"
import { type Deployment, deployments } from "./workloads.ts"

const web = (replicas: number, image: string): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image }] },
    },
  },
})

test("a Deployment creates its pods, spreads them over nodes and reports itself available", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  await addNode(world.kube, "b")
  await world.kube.create(deployments, web(4, "one"))
  const done = await world.until("available", () => {
    const d = world.cluster.deployments.get("default/web")
    return d?.status?.availableReplicas === 4 && d
  })
  const perNode = Map.groupBy(world.cluster.pods.list(), (p) => p.spec.nodeName)
  assert.deepEqual([...perNode].map(([node, pods]) => [node, pods.length]).sort(), [
    ["a", 2],
    ["b", 2],
  ])
  const available = done.status?.conditions?.find((c) => c.type === "Available")
  assert.equal(available?.status, "True")
  assert.equal(
    world.events.filter((e) => e.startsWith("ScalingReplicaSet Scaled up replica set")).length,
    1,
  )
})

test("a changed template rolls over without falling below maxUnavailable, and can be rolled back", async () => {
  await using world = await loopWorld()
  await addNode(world.kube, "a")
  await world.kube.create(deployments, web(4, "one"))
  const revision = () =>
    world.cluster.deployments.get("default/web")?.metadata.annotations?.[
      "deployment.kubernetes.io/revision"
    ]
  const complete = (image: string) =>
    world.until(`all pods run ${image}`, () => {
      const d = world.cluster.deployments.get("default/web")
      const pods = world.cluster.pods.list()
      return (
        d?.status?.updatedReplicas === 4 &&
        d.status.replicas === 4 &&
        d.status.availableReplicas === 4 &&
        pods.length === 4 &&
        pods.every((p) => p.spec.containers[0]?.image === image)
      )
    })
  await complete("one")
  let fewest = 4
  world.cluster.pods.onChange(() => {
    const up = world.cluster.pods
      .list()
      .filter((p) => p.status?.phase === "Running" && !p.metadata.deletionTimestamp).length
    fewest = Math.min(fewest, up)
  })
  const image = (to: string) =>
    world.kube.patch(
      deployments,
      { name: "web", namespace: "default" },
      { type: "merge", body: { spec: { template: { spec: web(4, to).spec.template.spec } } } },
    )
  await image("two")
  await complete("two")
  assert.ok(fewest >= 3, `only ${fewest} pods ran`)
  await world.until("revision 2", () => revision() === "2")
  await image("one")
  await complete("one")
  await world.until("revision 3", () => revision() === "3")
  assert.equal(world.cluster.replicaSets.list().length, 2)
})
