import type { Node } from "../../../api/core.ts"
import { nodes } from "../../../api/resources.ts"
import { systemClock } from "../../../clock.ts"
import type { Kube } from "../../../kube/kube.ts"
import { memoryKube } from "../../../kube/memory/memory-kube.ts"
import { silentLogger } from "../../../log.ts"
import type { Cluster } from "../cluster.ts"
import { isFinished, type LabPod, labPods } from "../pod.ts"
import { stamp } from "../stamp.ts"
import { startControlLoops } from "../start-loops.ts"

export interface LoopWorld extends AsyncDisposable {
  kube: Kube
  cluster: Cluster
  /** "REASON message" of every event, in order. */
  events: string[]
  /** Resolves with what `look` returns once it is not undefined or false. */
  until<T>(what: string, look: () => T | undefined | false): Promise<T>
}

/** The control loops over the in-memory API, and kubelets that start every bound pod at once. */
export async function loopWorld(options: { kubelets?: boolean } = {}): Promise<LoopWorld> {
  const stop = new AbortController()
  const memory = memoryKube()
  const kube: Kube = {
    ...memory,
    async createSubresource(resource, target, subresource, body) {
      if (subresource !== "binding")
        return await memory.createSubresource(resource, target, subresource, body)
      const { target: node } = body as { target: { name: string } }
      await memory.patch(labPods, target, {
        type: "merge",
        body: { spec: { nodeName: node.name } },
      })
    },
  }
  const events: string[] = []
  const cluster = await startControlLoops({
    kube,
    clock: systemClock,
    random: Math.random,
    log: silentLogger,
    signal: stop.signal,
    record: (_about, _type, reason, message) => events.push(`${reason} ${message}`),
  })
  if (options.kubelets !== false) cluster.pods.onChange((pod) => void run(kube, pod))
  return {
    kube,
    cluster,
    events,
    async until(what, look) {
      const deadline = Date.now() + 10_000
      for (;;) {
        const seen = look()
        if (seen !== undefined && seen !== false) return seen
        if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}`)
        await systemClock.sleep(5)
      }
    },
    [Symbol.asyncDispose]: async () => stop.abort(),
  }
}

async function run(kube: Kube, pod: LabPod): Promise<void> {
  if (!pod.spec.nodeName || pod.status?.phase || isFinished(pod)) return
  const status = {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: stamp(Date.now()) }],
  }
  await kube
    .patch(labPods, pod.metadata, { type: "merge", subresource: "status", body: { status } })
    .catch(() => {})
}

/** A ready node with room for `pods` pods. */
export async function addNode(
  kube: Kube,
  name: string,
  options: { pods?: number; zone?: string } = {},
): Promise<void> {
  const { pods = 20, zone = "us-west-2a" } = options
  const room = { cpu: "4", memory: "16Gi", pods: String(pods) }
  const node: Node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name },
    },
    status: {
      capacity: room,
      allocatable: room,
      conditions: [{ type: "Ready", status: "True" }],
    },
  }
  const created = await kube.create(nodes, node)
  await kube.replace(nodes, { ...created, status: node.status! }, "status")
}
