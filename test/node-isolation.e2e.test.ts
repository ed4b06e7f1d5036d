// Goal: a token of one node's agent is of no use against other nodes.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import type { Pod } from "../src/api/core.ts"
import type { NodeNetwork } from "../src/api/nodenetwork.ts"
import { cniNodes, nodeNetworks, nodes, pods } from "../src/api/resources.ts"
import { nodeSpec } from "../src/controller/testing/world.ts"
import { clientKube } from "../src/kube/client/client-kube.ts"
import { type Kube, KubeError } from "../src/kube/kube.ts"
import { applyManifests } from "../src/testing/apply-manifests.ts"
import {
  noRealApiServer,
  type RealApiServer,
  realApiServer,
} from "../src/testing/real-api-server.ts"
import { serviceAccountKubeconfig } from "../src/testing/service-account-kubeconfig.ts"

const system = "kube-system"
const annotation = "vpc.amazonaws.com/pod-ips"

describe("an agent's token", { skip: noRealApiServer ?? false }, () => {
  let api: RealApiServer
  let admin: Kube & Disposable
  /** The agent of node n1. */
  let agent: Kube & Disposable

  const agentWith = async (pod?: Pod) => {
    const bound = pod && { name: pod.metadata.name, uid: pod.metadata.uid ?? "" }
    const kubeconfig = await serviceAccountKubeconfig(admin, api.kubeconfig, "aws-node", bound)
    return clientKube({ kubeconfig })
  }
  const annotate = (name: string, metadata: object) => {
    const body = { metadata }
    return failure(agent.patch(pods, { name, namespace: "default" }, { type: "merge", body }))
  }
  before(async () => {
    api = await realApiServer()
    await applyManifests(api.kubeconfig, "crds")
    await applyManifests(api.kubeconfig, "deploy")
    admin = clientKube({ kubeconfig: api.kubeconfig })
    for (const name of ["n1", "n2"])
      await admin.create(nodes, { apiVersion: "v1", kind: "Node", metadata: { name } })
    for (const [name, node] of [
      ["web-1", "n1"],
      ["web-2", "n2"],
    ] as const)
      await admin.create(pods, pod(name, "default", node))
    agent = await agentWith(await admin.create(pods, pod("aws-node-1", system, "n1")))
    // Each policy takes effect a moment after it is written.
    const network9 = () => failure(agent.create(nodeNetworks, network("n9")))
    while ((await network9()) === "") await admin.remove(nodeNetworks, { name: "n9" })
    while ((await annotate("web-2", { annotations: { [annotation]: "" } })) === "") await delay(20)
  })
  after(async () => {
    agent[Symbol.dispose]()
    admin[Symbol.dispose]()
    await api[Symbol.asyncDispose]()
  })

  const waiting = [{ op: "replace", path: "/spec/demand/0/waiting", value: 7 }]
  const demand = (kube: Kube, name: string) =>
    failure(kube.patch(nodeNetworks, { name }, { type: "json", body: waiting }))

  test("writes its own node's NodeNetwork, and no other", async () => {
    assert.equal(await failure(agent.create(nodeNetworks, network("n1"))), "")
    assert.equal(await demand(agent, "n1"), "")
    const refused = /the agent of node "n1" may not write NodeNetwork n2/
    assert.match(await failure(agent.create(nodeNetworks, network("n2"))), refused)
    await admin.create(nodeNetworks, network("n2"))
    assert.match(await demand(agent, "n2"), refused)
    for (const name of ["n1", "n2"]) {
      const metadata = { name }
      await admin.create(cniNodes, {
        apiVersion: "vpcresources.k8s.aws/v1alpha1",
        kind: "CNINode",
        metadata,
      })
      const body = { spec: { features: [{ name: "SecurityGroupsForPods" }] } }
      const refusal = await failure(agent.patch(cniNodes, { name }, { type: "merge", body }))
      if (name === "n1") assert.equal(refusal, "")
      else assert.match(refusal, /the agent of node "n1" may not write CNINode n2/)
    }
    const status = { observedGeneration: 1, placements: [], interfaces: [], conditions: [] }
    const patch = { type: "merge", subresource: "status", body: { status } } as const
    assert.match(await failure(agent.patch(nodeNetworks, { name: "n1" }, patch)), /forbidden/)
  })

  test("annotates pods of its own node, and changes nothing else of them", async () => {
    assert.equal(await annotate("web-1", { annotations: { [annotation]: "10.0.0.9" } }), "")
    assert.equal(await annotate("web-1", { annotations: { [annotation]: "" } }), "")
    const other = await annotate("web-2", { annotations: { [annotation]: "10.0.0.9" } })
    assert.match(other, /the agent of node "n1" may not write pods of other nodes/)
    for (const metadata of [
      { labels: { app: "other" } },
      { annotations: { "kept.example": "changed" } },
      { annotations: { "kept.example": null } },
      { annotations: { "new.example": "x" } },
    ])
      assert.match(await annotate("web-1", metadata), /no more of a pod than the annotation/)
  })

  test("that is bound to no pod writes nothing", async () => {
    using unbound = await agentWith()
    assert.match(await demand(unbound, "n1"), /the agent of node "" may not write NodeNetwork n1/)
  })

  test("the administrator and the controller are not concerned", async () => {
    assert.equal(await demand(admin, "n2"), "")
  })
})

const pod = (name: string, namespace: string, nodeName: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: { app: name }, annotations: { "kept.example": "kept" } },
  spec: {
    nodeName,
    ...(namespace === system && { serviceAccountName: "aws-node" }),
    containers: [{ name: "c", image: "i" }],
  },
})

const network = (name: string): NodeNetwork => ({
  apiVersion: "berth.dev/v1alpha1",
  kind: "NodeNetwork",
  metadata: { name },
  spec: nodeSpec("i-0123456789abcdef0"),
})

/** What the API server says against it; "" when it does nothing. */
const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "",
    (error: unknown) => {
      assert.ok(error instanceof KubeError && error.status === 403, String(error))
      return error.message
    },
  )
