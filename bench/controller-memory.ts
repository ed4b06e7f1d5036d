import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { bundle } from "../scripts/bundle.ts"
import type { Node } from "../src/api/core.ts"
import type { NodeNetwork } from "../src/api/nodenetwork.ts"
import { nodeNetworks, nodes } from "../src/api/resources.ts"
import { systemClock } from "../src/clock.ts"
import { attachInterface } from "../src/ec2/memory/attachments.ts"
import { type Cloud, createCloud } from "../src/ec2/memory/cloud.ts"
import { runInstances } from "../src/ec2/memory/instances.ts"
import { createInterface } from "../src/ec2/memory/interfaces.ts"
import { createSubnet } from "../src/ec2/memory/subnets.ts"
import { associateVpcCidr, createVpc } from "../src/ec2/memory/vpcs.ts"
import type { Kube } from "../src/kube/kube.ts"
import { createEc2Server } from "../src/lab/aws/ec2-server.ts"
import { createKubeApi } from "../src/lab/kubeapi/kube-api.ts"
import { applyManifests, readManifestFolder } from "../src/lab/world/apply-manifests.ts"
import { kubeconfig } from "../src/lab/world/kubeconfig.ts"
import { serveHttp } from "../src/lab/world/serve-http.ts"
import { until } from "./scale/node-under-test.ts"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const steps = [0, 500, 1_000]
const type = "m5.xlarge"
/** Secondary interfaces of a node and the addresses of each: a node with 42 pods' worth. */
const interfaces = 3
const addresses = 14
const restMs = 3_000

const vpc = "vpc-0be2c000000000001"
const nodeSubnet = "subnet-0be2c000000000001"
const podSubnet = "subnet-0be2c000000000002"

/** Resident MiB of the bundled controller, by nodes that it serves. */
export async function controllerMemory(): Promise<Record<number, number>> {
  await using cleanup = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), "berth-bench-"))
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }))
  const cloud = cleanup.use(emptyCloud())
  const api = cleanup.use(createKubeApi({ clock: systemClock }))
  const { signal } = new AbortController()
  const applier = { kube: api.kube, clock: systemClock, signal }
  await applyManifests(applier, readManifestFolder(join(root, "crds")))
  const kubernetes = cleanup.use(await serveHttp(api, { host: "127.0.0.1", port: 0 }))
  const ec2 = cleanup.use(
    await serveHttp({ handler: createEc2Server(cloud) }, { host: "127.0.0.1", port: 0 }),
  )
  const config = join(folder, "kubeconfig")
  writeFileSync(config, kubeconfig({ name: "b", server: `http://127.0.0.1:${kubernetes.port}` }))
  const program = await bundle("controller")
  const controller = start(program, { config, ec2: `http://127.0.0.1:${ec2.port}` })
  cleanup.defer(() => end(controller))
  const figures: Record<number, number> = {}
  let made = 0
  for (const step of steps) {
    while (made < step) await addNode(cloud, api.kube, made++)
    await until(`${step} nodes are served`, 120_000, () => allServed(api.kube))
    await sleep(restMs)
    figures[step] = residentMiB(controller)
  }
  return figures
}

function emptyCloud(): Cloud {
  const cloud = createCloud({ clock: systemClock, random: Math.random, region: "us-west-2" })
  const { core } = cloud
  createVpc(core, { id: vpc, cidr: "10.0.0.0/16" })
  associateVpcCidr(core, { vpcId: vpc, cidr: "100.64.0.0/16" })
  const zone = "us-west-2a"
  createSubnet(core, { id: nodeSubnet, vpcId: vpc, zone, cidr: "10.0.0.0/16" })
  createSubnet(core, { id: podSubnet, vpcId: vpc, zone, cidr: "100.64.0.0/16" })
  return cloud
}

/** A node whose interfaces are there already, so that the controller has only to know them. */
async function addNode({ core }: Cloud, kube: Kube, index: number): Promise<void> {
  const [instance] = runInstances(core, { type, subnetId: nodeSubnet })
  const instanceID = instance?.id ?? ""
  for (let i = 1; i <= interfaces; i++) {
    const eni = createInterface(core, { subnetId: podSubnet, addressCount: addresses })
    attachInterface(core, { id: eni.id, instanceId: instanceID, deviceIndex: i })
  }
  const name = `node-${index}`
  await kube.create<Node>(nodes, {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "topology.kubernetes.io/zone": "us-west-2a",
        "topology.kubernetes.io/region": "us-west-2",
        "node.kubernetes.io/instance-type": type,
      },
    },
    spec: { providerID: `aws:///us-west-2a/${instanceID}` },
  })
  await kube.create<NodeNetwork>(nodeNetworks, {
    apiVersion: "berth.dev/v1alpha1",
    kind: "NodeNetwork",
    metadata: { name },
    spec: {
      instanceID,
      mode: {
        customNetworking: false,
        prefixDelegation: false,
        provisioning: false,
        manageUntagged: true,
        manageWhenUnschedulable: false,
        annotationKey: "k8s.amazonaws.com/eniConfig",
        labelKey: "topology.kubernetes.io/zone",
      },
      targets: { maxPods: 110 },
      demand: [{ placement: "node", inUse: 0, waiting: 0, cooling: 0 }],
      offers: [],
    },
  })
}

async function allServed(kube: Kube): Promise<boolean> {
  const { items } = await kube.list(nodeNetworks)
  return items.every((n) => n.status?.interfaces.length === 1 + interfaces)
}

function start(program: string, { config, ec2 }: { config: string; ec2: string }): ChildProcess {
  const credentials = { AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench" }
  return spawn(process.execPath, [program], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...{ ...credentials, AWS_REGION: "us-west-2", AWS_ENDPOINT_URL_EC2: ec2 },
      ...{ KUBECONFIG: config, CLUSTER_NAME: "bench" },
      ...{ BERTH_METRICS_BIND_ADDRESS: "127.0.0.1:0", BERTH_LOG_LEVEL: "warn" },
    },
  })
}

async function end(controller: ChildProcess): Promise<void> {
  if (controller.exitCode !== null) return
  const closed = once(controller, "close")
  controller.kill("SIGTERM")
  await closed
}

function residentMiB({ pid, exitCode }: ChildProcess): number {
  if (exitCode !== null) throw new Error(`the controller ended with ${exitCode}`)
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}
