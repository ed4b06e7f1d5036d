// Goal: a real API server takes the manifests as shipped; its schemas keep what Berth writes and refuse what it cannot use.
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { after, before, describe, test } from "node:test"
import { promisify } from "node:util"
import type { NodeNetworkStatus } from "../src/api/nodenetwork.ts"
import { eniConfigs, nodeNetworks, subnetPools } from "../src/api/resources.ts"
import type { SubnetPool } from "../src/api/subnetpool.ts"
import { nodeSpec } from "../src/controller/testing/world.ts"
import { clientKube } from "../src/kube/client/client-kube.ts"
import type { Kube } from "../src/kube/kube.ts"
import { applyManifests } from "../src/testing/apply-manifests.ts"
import {
  noRealApiServer,
  type RealApiServer,
  realApiServer,
} from "../src/testing/real-api-server.ts"

const run = promisify(execFile)

describe("manifests on a real API server", { skip: noRealApiServer ?? false }, () => {
  let api: RealApiServer
  let kube: Kube & Disposable

  before(async () => {
    api = await realApiServer()
    await applyManifests(api.kubeconfig, "crds")
    await applyManifests(api.kubeconfig, "deploy")
    kube = clientKube({ kubeconfig: api.kubeconfig })
  })
  after(async () => {
    kube[Symbol.dispose]()
    await api[Symbol.asyncDispose]()
  })

  test("the documented version check works verbatim", async (t) => {
    const command =
      'kubectl describe daemonset aws-node --namespace kube-system | grep Image | cut -d "/" -f 2'
    const env = { ...process.env, KUBECONFIG: api.kubeconfig }
    if (!(await run("kubectl", ["version", "--client"]).catch(() => undefined)))
      return t.skip("kubectl is not installed")
    const { stdout } = await run("sh", ["-c", command], { env })
    assert.match(stdout, /^berth-agent:v\d+\.\d+\.\d+\n$/)
  })

  test("NodeNetwork keeps every field that agent and controller write", async () => {
    const spec = {
      ...nodeSpec("i-0123456789abcdef0", { additionalTags: { a: "b" } }),
      targets: { warmENI: 1, warmIP: 2, minimumIP: 3, warmPrefix: 4, maxENI: 5, maxPods: 6 },
      offers: [
        { interfaceID: "eni-1", address: "10.0.0.5" },
        { interfaceID: "eni-1", prefix: "10.0.0.16/28" },
      ],
    }
    const made = await kube.create(nodeNetworks, {
      apiVersion: "berth.dev/v1alpha1",
      kind: "NodeNetwork",
      metadata: { name: "full" },
      spec,
    })
    assert.deepEqual(made.spec, spec)
    const written = await kube.replace(nodeNetworks, { ...made, status: fullStatus }, "status")
    assert.deepEqual(written.status, fullStatus)
  })

  test("malformed ids are refused when they are written", async () => {
    const config = (spec: object) =>
      kube.create(eniConfigs, {
        apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
        kind: "ENIConfig",
        metadata: { name: "bad" },
        spec,
      })
    const refused = { status: 422, reason: "Invalid" }
    await assert.rejects(config({ subnet: "" }), refused)
    await assert.rejects(config({ subnet: "subnet-xyz" }), refused)
    await assert.rejects(config({ securityGroups: [] }), refused)
    await assert.rejects(
      config({ subnet: "subnet-0123456789abcdef0", securityGroups: ["default"] }),
      refused,
    )
  })

  const term = { id: "subnet-0123456789abcdef0" }
  const labels = { matchLabels: { a: "b" } }
  for (const [why, spec, message] of [
    [
      "serves nodes and pods",
      { subnets: [term], nodeSelector: labels, podSelector: labels },
      /either nodes/,
    ],
    ["serves nobody", { subnets: [term] }, /either nodes/],
    [
      "has a term with two ways",
      { subnets: [{ ...term, cidr: "10.0.0.0/8" }], nodeSelector: labels },
      /exactly one of id/,
    ],
    ["has an empty term", { subnets: [{}], nodeSelector: labels }, /exactly one of id/],
    [
      "has a quota for nodes",
      { subnets: [term], nodeSelector: labels, quotaPerNamespace: 3 },
      /quotaPerNamespace/,
    ],
  ] as const)
    test(`a SubnetPool that ${why} is refused, with the reason`, async () => {
      await assert.rejects(kube.create(subnetPools, pool("bad", spec as never)), {
        status: 422,
        message,
      })
    })

  test("a SubnetPool of each kind is taken", async () => {
    await kube.create(
      subnetPools,
      pool("nodes", { subnets: [{ tags: { a: "*" }, weight: 2, reserve: 5 }], nodeSelector: {} }),
    )
    await kube.create(
      subnetPools,
      pool("pods", {
        subnets: [{ cidr: "100.64.0.0/16" }],
        namespaceSelector: labels,
        quotaPerNamespace: 3,
        strategy: "Weighted",
      }),
    )
  })
})

const pool = (name: string, spec: SubnetPool["spec"]): SubnetPool => ({
  apiVersion: "berth.dev/v1alpha1",
  kind: "SubnetPool",
  metadata: { name },
  spec,
})

const at = "2030-01-01T00:00:00Z"
const fullStatus: NodeNetworkStatus = {
  observedGeneration: 1,
  vpc: { id: "vpc-1", cidrs: ["10.0.0.0/16"] },
  zone: "us-west-2a",
  instanceType: "m5.large",
  limits: { interfaces: 3, addressesPerInterface: 10, prefixes: true },
  binding: { name: "a", source: "Annotation", key: "k8s.amazonaws.com/eniConfig" },
  placements: [
    {
      placement: "node",
      object: "ENIConfig/a",
      subnets: ["subnet-1"],
      securityGroups: ["sg-1"],
      ready: false,
      code: "ipam/subnets-full",
      message: "full",
      hint: "add one",
    },
  ],
  interfaces: [
    {
      id: "eni-1",
      mac: "02:00:00:00:00:01",
      deviceIndex: 1,
      networkCard: 0,
      primary: false,
      subnetID: "subnet-1",
      subnetCIDR: "10.0.0.0/24",
      securityGroups: ["sg-1"],
      placement: "node",
      object: "ENIConfig/a",
      state: "Draining",
      primaryAddress: "10.0.0.4",
      addresses: ["10.0.0.5"],
      prefixes: ["10.0.0.16/28"],
    },
  ],
  intents: [
    {
      token: "berth-1",
      placement: "node",
      object: "ENIConfig/a",
      subnetID: "subnet-1",
      securityGroups: ["sg-1"],
      networkCard: 0,
      deviceIndex: 2,
      addresses: 3,
      prefixes: 0,
      at,
    },
  ],
  conditions: [
    {
      type: "Ready",
      status: "False",
      reason: "SubnetsFull",
      message: "full",
      observedGeneration: 1,
      lastTransitionTime: at,
    },
  ],
}
