// Goal: whoever writes an object that cannot work is told so at once, by the lab's API server and by the real one, and
// nobody is kept from writing when the controller or AWS is away.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { test } from "node:test"
import type { KubeObject } from "../src/api/meta.ts"
import type { NodeNetwork } from "../src/api/nodenetwork.ts"
import {
  eniConfigs,
  nodeNetworks,
  nodes,
  securityGroupPolicies,
  subnetPools,
} from "../src/api/resources.ts"
import { systemClock } from "../src/clock.ts"
import { serveAdmission } from "../src/controller/admission/admission.ts"
import { webhookConfigurations } from "../src/controller/admission/resources.ts"
import { startInformers } from "../src/controller/informers.ts"
import { ids, testCloud } from "../src/controller/testing/test-cloud.ts"
import { nodeSpec } from "../src/controller/testing/world.ts"
import type { Ec2 } from "../src/ec2/ec2.ts"
import { memoryEc2 } from "../src/ec2/memory/memory-ec2.ts"
import { createSubnet } from "../src/ec2/memory/subnets.ts"
import { createVpc } from "../src/ec2/memory/vpcs.ts"
import { clientKube } from "../src/kube/client/client-kube.ts"
import type { Kube, KubeError } from "../src/kube/kube.ts"
import { createKubeApi } from "../src/lab/kubeapi/kube-api.ts"
import {
  applyManifests,
  readManifestFolder,
  readManifests,
} from "../src/lab/world/apply-manifests.ts"
import { silentLogger } from "../src/log.ts"
import { noRealApiServer, realApiServer } from "../src/testing/real-api-server.ts"

const root = join(import.meta.dirname, "..")
const foreign = "subnet-00000000000000f1"

interface Server extends AsyncDisposable {
  readonly kube: Kube
  /** Leads the API server to the webhook's port. */
  point(port: number): Promise<void>
}

function lab(): Server {
  let port = 0
  const api = createKubeApi({
    clock: systemClock,
    connectService: async () => connect(port, "127.0.0.1"),
  })
  return {
    kube: api.kube,
    point: async (at) => {
      port = at
    },
    [Symbol.asyncDispose]: async () => api[Symbol.dispose](),
  }
}

async function real(): Promise<Server> {
  const undo = new AsyncDisposableStack()
  const { kubeconfig } = undo.use(await realApiServer())
  const kube = undo.use(clientKube({ kubeconfig }))
  return {
    kube,
    // There is no kube-proxy, so the service's address leads nowhere.
    point: async (port) => {
      const read = await kube.get(webhookConfigurations, "berth")
      assert.ok(read)
      const webhooks = (read.webhooks ?? []).map(({ clientConfig, ...rest }) => {
        const { service: _, ...others } = clientConfig
        return { ...rest, clientConfig: { ...others, url: `https://127.0.0.1:${port}/validate` } }
      })
      await kube.replace(webhookConfigurations, { ...read, webhooks })
    },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  }
}

async function cluster(server: Server, ec2: Ec2, signal: AbortSignal): Promise<void> {
  const { kube } = server
  const applier = { kube, clock: systemClock, signal }
  await applyManifests(applier, readManifestFolder(join(root, "crds")))
  const text = readFileSync(join(root, "deploy", "admission.yaml"), "utf8")
  await applyManifests(applier, readManifests(text))
  await kube.create(nodes, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "us-west-2a" } },
  })
  const network: NodeNetwork = await kube.create(nodeNetworks, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "NodeNetwork",
    metadata: { name: "n1" },
    spec: nodeSpec("i-00000000000000001"),
  })
  const status = {
    vpc: { id: ids.vpc, cidrs: [] },
    binding: { name: "used", source: "Label" as const, key: "k" },
    ...{ placements: [], interfaces: [], conditions: [] },
  }
  await kube.replace(nodeNetworks, { ...network, status }, "status")
  const log = silentLogger
  const informers = startInformers({ kube, clock: systemClock, random: Math.random, log }, signal)
  await Promise.all(Object.values(informers).map((informer) => informer.synced()))
  const { promise, resolve } = Promise.withResolvers<number>()
  void serveAdmission(
    {
      ...{ kube, ec2, clock: systemClock, log, informers },
      ...{ namespace: "kube-system", bindAddress: "127.0.0.1:0" },
    },
    signal,
    resolve,
  )
  await server.point(await promise)
}

const object = (kind: string, name: string, spec: object): KubeObject => ({
  apiVersion: "",
  kind,
  metadata: { name },
  ...{ spec },
})
const config = (name: string, subnet: string, ...securityGroups: string[]) => ({
  ...object("ENIConfig", name, { subnet, securityGroups }),
  apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
})
const pool = (name: string, spec: object) =>
  ({ ...object("SubnetPool", name, spec), apiVersion: "berth.dev/v1alpha1" }) as never

const refusal = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => "accepted",
    (error: KubeError) => error.message,
  )

async function judged(server: Server): Promise<void> {
  const cloud = testCloud(systemClock, Math.random)
  const other = createVpc(cloud.core, { cidr: "10.9.0.0/16" })
  createSubnet(cloud.core, {
    id: foreign,
    vpcId: other.id,
    zone: "us-west-2a",
    cidr: "10.9.0.0/24",
  })
  let away = false
  const known = memoryEc2(cloud)
  const ec2 = new Proxy(known, {
    get: (target, name) =>
      away ? () => Promise.reject(new Error("EC2 is away")) : Reflect.get(target, name),
  })
  const stop = new AbortController()
  await using _ = {
    [Symbol.asyncDispose]: async () => stop.abort(new DOMException("", "AbortError")),
  }
  await cluster(server, ec2, stop.signal)
  const { kube } = server
  const create = (subnet: string, ...groups: string[]) =>
    refusal(kube.create(eniConfigs, config("probe", subnet, ...groups)))

  // The API server takes in a new webhook or policy within a second or so.
  const deadline = Date.now() + 20_000
  while (!(await create(foreign)).includes("vpc-mismatch")) {
    assert.ok(Date.now() < deadline, "the webhook is never asked")
    await kube.remove(eniConfigs, { name: "probe" })
    await systemClock.sleep(100)
  }
  assert.match(
    await create(ids.podsA, "sg-0123456789abcdef0"),
    /EC2 does not know it.*security-group-invalid/,
  )
  assert.match(await create("subnet-00000000000000ee"), /EC2 does not know.*subnet-unknown/)

  assert.equal(
    await refusal(kube.create(eniConfigs, config("used", ids.podsA, ids.groupPods))),
    "accepted",
  )
  assert.match(
    await refusal(kube.remove(eniConfigs, { name: "used" })),
    /in use: node n1 is bound to it.*admission\/in-use/,
  )
  const labelled = {
    type: "merge",
    body: { metadata: { annotations: { "berth.dev/delete-in-use": "true" } } },
  } as const
  await kube.patch(eniConfigs, { name: "used" }, labelled)
  assert.equal(await refusal(kube.remove(eniConfigs, { name: "used" })), "accepted")

  assert.match(
    await refusal(
      kube.create(
        subnetPools,
        pool("both", { nodeSelector: {}, podSelector: {}, subnets: [{ id: ids.podsA }] }),
      ),
    ),
    /either nodes/,
  )
  assert.match(
    await refusal(
      kube.create(subnetPools, pool("p", { nodeSelector: {}, subnets: [{ id: foreign }] })),
    ),
    /vpc-mismatch/,
  )
  const policy = {
    apiVersion: "vpcresources.k8s.aws/v1beta1",
    kind: "SecurityGroupPolicy",
    metadata: { name: "p", namespace: "default" },
    spec: {
      podSelector: {},
      securityGroups: { groupIds: Array.from({ length: 6 }, (_, i) => `sg-0000000${i}`) },
    },
  }
  assert.match(
    await refusal(kube.create(securityGroupPolicies, policy)),
    /one to five|names 6 groups/,
  )

  // What cannot be asked is not held against anybody.
  away = true
  const unseen = "subnet-00000000000000ef"
  assert.equal(await create(unseen), "accepted")
  await kube.remove(eniConfigs, { name: "probe" })
  stop.abort(new DOMException("stopped", "AbortError"))
  await systemClock.sleep(200)
  assert.equal(await create("subnet-00000000000000f0"), "accepted", "the controller is away")
}

test("the lab's API server asks the webhook", { timeout: 60_000 }, async () => {
  await using server = lab()
  await judged(server)
})

test("the real API server asks the webhook", {
  timeout: 120_000,
  skip: noRealApiServer ?? false,
}, async () => {
  await using server = await real()
  await judged(server)
})
