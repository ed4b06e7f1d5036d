import { spawn } from "node:child_process"
import { once } from "node:events"
import type { Node } from "../../../api/core.ts"
import { leases, nodes } from "../../../api/resources.ts"
import { systemClock } from "../../../clock.ts"
import type { Kube } from "../../../kube/kube.ts"
import { silentLogger } from "../../../log.ts"
import { type LabPod, labPods } from "../../loops/pod.ts"
import { startControlLoops } from "../../loops/start-loops.ts"
import { recordEvents } from "../../world/record-events.ts"
import { createKubeApi } from "../kube-api.ts"
import { serveKubeApi } from "./serve-kube-api.ts"

export interface Printed {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The API server with the lab's control loops, two ready nodes whose pods run at once, and kubectl to talk to it. */
export interface KubectlWorld extends AsyncDisposable {
  readonly kube: Kube
  readonly kubeconfig: string
  /** Runs kubectl, with `input` on its stdin. */
  kubectl(args: readonly string[], input?: string, program?: string): Promise<Printed>
}

export async function kubectlWorld(): Promise<KubectlWorld> {
  const stack = new AsyncDisposableStack()
  const stop = new AbortController()
  stack.defer(() => stop.abort())
  const api = stack.use(createKubeApi({ clock: systemClock }))
  const { kubeconfig, folder } = stack.use(await serveKubeApi(api))
  await startNodes(api.kube, stop.signal)
  const options = {
    HOME: folder,
    KUBECONFIG: kubeconfig,
    PATH: process.env.PATH ?? "",
    // What `kubectl edit` runs.
    KUBE_EDITOR: "sed -i s/subnet-0123456789abcdef1$/subnet-0123456789abcdef2/",
  }
  return {
    kube: api.kube,
    kubeconfig,
    kubectl: (args, input, program = "kubectl") => run(program, args, options, input),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function startNodes(kube: Kube, signal: AbortSignal): Promise<void> {
  const { clock, log } = { clock: systemClock, log: silentLogger }
  const record = recordEvents({ kube, clock, log, controller: "lab", instance: "lab" })
  const random = Math.random
  const cluster = await startControlLoops({ kube, clock, random, log, signal, record })
  for (const name of ["node-a", "node-b"]) await addNode(kube, name)
  cluster.pods.onChange((pod) => void runPod(kube, pod).catch(() => {}))
}

async function addNode(kube: Kube, name: string): Promise<void> {
  const room = { cpu: "4", memory: "16Gi", pods: "20" }
  const now = new Date().toISOString()
  const node: Node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
  }
  await kube.create(nodes, node)
  const status = {
    capacity: room,
    allocatable: room,
    conditions: [
      { type: "Ready", status: "True", lastHeartbeatTime: now, lastTransitionTime: now },
    ],
    addresses: [{ type: "InternalIP", address: name === "node-a" ? "10.0.0.1" : "10.0.0.2" }],
    nodeInfo: { kubeletVersion: "v1.35.4" },
  }
  const body = { status }
  await kube.patch(nodes, { name }, { type: "merge", subresource: "status", body })
  // Renewed for longer than any test runs.
  const renewTime = new Date(Date.now() + 3_600_000).toISOString().replace("Z", "000Z")
  await kube.create(leases, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace: "kube-node-lease" },
    spec: { holderIdentity: name, renewTime },
  })
}

/** A kubelet that starts every pod at once, and lets it go as soon as it is asked to. */
async function runPod(kube: Kube, pod: LabPod): Promise<void> {
  const { name, namespace = "", deletionTimestamp } = pod.metadata
  if (!pod.spec.nodeName) return
  if (deletionTimestamp !== undefined) {
    return await kube.remove(labPods, { name, namespace }, { gracePeriodSeconds: 0 })
  }
  if (pod.status?.phase !== "Pending") return
  const now = new Date().toISOString()
  const status = {
    phase: "Running",
    podIP: "10.0.1.1",
    podIPs: [{ ip: "10.0.1.1" }],
    startTime: now,
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: now }],
    containerStatuses: pod.spec.containers.map((c) => ({
      name: c.name,
      image: c.image ?? "",
      imageID: "",
      ready: true,
      restartCount: 0,
      started: true,
      state: { running: { startedAt: now } },
    })),
  }
  const body = { status }
  await kube.patch(labPods, { name, namespace }, { type: "strategic", subresource: "status", body })
}

const runMsMax = 60_000

async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  input = "",
): Promise<Printed> {
  const child = spawn(program, args, { env, timeout: runMsMax })
  let [out, err] = ["", ""]
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString()
  })
  child.stdin.on("error", () => {})
  child.stdin.end(input)
  const [code] = await once(child, "close")
  return { code: typeof code === "number" ? code : -1, out, err }
}
