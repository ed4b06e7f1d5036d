// Goal: the controller as a process, on a real kube-apiserver with the manifests as shipped (RBAC included) and EC2
// over the wire: it leads, supplies a node, survives kill -9, and releases its lease on SIGTERM.
import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, describe, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import type { NodeNetworkStatus } from "../api/nodenetwork.ts"
import { eniConfigs, leases, nodeNetworks, nodes } from "../api/resources.ts"
import { systemClock } from "../clock.ts"
import { clientKube } from "../kube/client/client-kube.ts"
import type { Kube } from "../kube/kube.ts"
import { createEc2Server } from "../lab/aws/ec2-server.ts"
import { applyManifests } from "../testing/apply-manifests.ts"
import { noRealApiServer, type RealApiServer, realApiServer } from "../testing/real-api-server.ts"
import { serviceAccountKubeconfig } from "../testing/service-account-kubeconfig.ts"
import { ids, launch, testCloud } from "./testing/test-cloud.ts"
import { nodeSpec } from "./testing/world.ts"

describe("controller process", { skip: noRealApiServer ?? false }, () => {
  let api: RealApiServer
  let kube: Kube & Disposable
  let endpoint: string
  const cloud = testCloud(systemClock, Math.random)
  const ec2 = createServer(createEc2Server(cloud))
  const started: ChildProcess[] = []
  const log: string[] = []
  const logged = async (what: RegExp) => {
    for (const deadline = Date.now() + 10_000; !what.test(log.join("")); await delay(20))
      assert.ok(Date.now() < deadline, `${what} in ${log.join("")}`)
  }

  before(async () => {
    api = await realApiServer()
    await applyManifests(api.kubeconfig, "crds")
    await applyManifests(api.kubeconfig, "deploy")
    kube = clientKube({ kubeconfig: api.kubeconfig })
    ec2.listen(0, "127.0.0.1")
    await once(ec2, "listening")
    endpoint = `http://127.0.0.1:${(ec2.address() as AddressInfo).port}`
  })
  after(async () => {
    for (const child of started) child.kill("SIGKILL")
    kube[Symbol.dispose]()
    ec2.closeAllConnections()
    ec2.close()
    await api[Symbol.asyncDispose]()
  })

  const start = async (name: string) => {
    const child = spawn(process.execPath, ["src/controller/main.ts"], {
      stdio: ["ignore", "pipe", process.env["BERTH_TEST_LOG"] ? "inherit" : "ignore"],
      env: {
        PATH: process.env["PATH"],
        KUBECONFIG: await serviceAccountKubeconfig(kube, api.kubeconfig, "berth-controller"),
        AWS_REGION: "us-west-2",
        AWS_ENDPOINT_URL_EC2: endpoint,
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        POD_NAME: name,
        BERTH_METRICS_BIND_ADDRESS: "127.0.0.1:0",
      },
    })
    child.stdout.setEncoding("utf8").on("data", (text: string) => log.push(text))
    started.push(child)
    return child
  }

  test("supplies a node, goes on after kill -9, releases the lease on SIGTERM", async () => {
    const first = await start("first")
    const instanceID = launch(cloud, "m5.large")
    await makeNode(kube, instanceID)
    const supplied = (s: NodeNetworkStatus | undefined) =>
      s?.interfaces.some((i) => !i.primary && i.state === "Ready" && i.addresses.length > 0) ===
      true
    const status = await until(kube, supplied)
    assert.equal(status.binding?.name, "a")
    await logged(/"by":"CLUSTER_NAME of DaemonSet aws-node".*"the cluster's name was found"/)
    first.kill("SIGUSR2")
    await logged(/"level":"debug".*"log level changed"/)
    first.kill("SIGKILL")
    await once(first, "exit")
    const demand = [{ placement: "node", inUse: 3, waiting: 6, cooling: 0 }]
    await kube.patch(nodeNetworks, { name: "n1" }, { type: "merge", body: { spec: { demand } } })
    // The same pod's process comes back: its own lease needs no waiting.
    const again = await start("first")
    const held = (s: NodeNetworkStatus | undefined) =>
      (s?.interfaces ?? []).reduce((sum, i) => sum + (i.primary ? 0 : i.addresses.length), 0)
    await until(kube, (s) => held(s) >= 9)
    again.kill("SIGTERM")
    const [code] = await once(again, "exit")
    assert.equal(code, 0)
    const lease = await kube.get(leases, "berth-controller", "kube-system")
    assert.equal(lease?.spec.holderIdentity, "")
    const made = [...cloud.core.tables.networkInterface.all()].filter((eni) =>
      eni.description.startsWith("aws-K8S-"),
    )
    assert.ok(made.every((eni) => eni.attachment?.instanceId === instanceID))
  })
})

async function makeNode(kube: Kube, instanceID: string): Promise<void> {
  await kube.create(eniConfigs, {
    apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
    kind: "ENIConfig",
    metadata: { name: "a" },
    spec: { subnet: ids.podsA, securityGroups: [ids.groupPods] },
  })
  await kube.create(nodes, {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: "n1",
      labels: {
        "topology.kubernetes.io/zone": "us-west-2a",
        "node.kubernetes.io/instance-type": "m5.large",
      },
      annotations: { "k8s.amazonaws.com/eniConfig": "a" },
    },
    spec: { providerID: `aws:///us-west-2a/${instanceID}` },
  })
  const demand = [{ placement: "node", inUse: 0, waiting: 3, cooling: 0 }]
  await kube.create(nodeNetworks, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "NodeNetwork",
    metadata: { name: "n1" },
    spec: { ...nodeSpec(instanceID), demand },
  })
}

async function until(
  kube: Kube,
  holds: (status: NodeNetworkStatus | undefined) => boolean,
): Promise<NodeNetworkStatus> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const status = (await kube.get(nodeNetworks, "n1"))?.status
    if (status && holds(status)) return status
    if (Date.now() > deadline) throw new Error(`not reached: ${JSON.stringify(status)}`)
    await delay(50)
  }
}
