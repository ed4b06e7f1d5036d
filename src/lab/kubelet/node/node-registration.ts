import type { Lease, Node } from "../../../api/core.ts"
import { leases, nodes } from "../../../api/resources.ts"
import type { Clock } from "../../../clock.ts"
import { type Kube, KubeError } from "../../../kube/kube.ts"
import type { Logger } from "../../../log.ts"
import { nodeLeaseNamespace, type RecordEvent } from "../../loops/cluster.ts"
import { microStamp } from "../../loops/stamp.ts"
import { nodeConditions } from "./node-conditions.ts"

export interface NodeReporterOptions {
  kube: Kube
  clock: Clock
  log: Logger
  record: RecordEvent
  node: Node
  /** True when the runtime has a network configuration. */
  networkReady: () => boolean
  /** How often the node is read back, default 10 s: others add extended resources to its capacity. */
  readBackMs?: number
  signal: AbortSignal
}

/** kubelet's nodeLeaseDurationSeconds; it renews after a quarter of it. */
const leaseSeconds = 40
const renewMs = 10_000
/** Status is written at once when it changes, else this often (nodeStatusReportFrequency). */
const reportMs = 300_000
/** kubelet's nodeStatusUpdateFrequency. */
const defaultReadBackMs = 10_000
/** How often the network configuration is looked at: a directory read. */
const lookMs = 200
const retryMs = 1_000

/** Registers the node, renews its lease and reports its conditions until the signal ends it. */
export function startNodeReporter(options: NodeReporterOptions): { done: Promise<void> } {
  return { done: Promise.all([reportStatus(options), renewLease(options)]).then(() => {}) }
}

async function reportStatus(options: NodeReporterOptions): Promise<void> {
  const { clock, log, signal, networkReady, record, node } = options
  const { readBackMs = defaultReadBackMs } = options
  const { name } = node.metadata
  let reported: { ready: boolean; at: number } | undefined
  let known: Node | undefined
  let readBackAt = 0
  record(node, "Normal", "Starting", "Starting kubelet.")
  while (!signal.aborted) {
    const ready = networkReady()
    const now = clock.now()
    let waitMs = lookMs
    try {
      if (!reported || reported.ready !== ready || now - reported.at >= reportMs) {
        known ??= await register(options)
        known = await writeConditions(options, known, ready)
        const reason = ready ? "NodeReady" : "NodeNotReady"
        if (reported?.ready !== ready)
          record(node, "Normal", reason, `Node ${name} status is now: ${reason}`)
        reported = { ready, at: now }
        readBackAt = now + readBackMs
      } else if (now >= readBackAt) {
        readBackAt = now + readBackMs
        // Deleted behind its back: a kubelet registers itself again.
        if (!(await allowExtendedResources(options))) known = reported = undefined
      }
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) known = undefined
      log.warn("node status not written", { error: (error as Error).message })
      waitMs = retryMs
    }
    await clock.sleep(waitMs, signal).catch(() => {})
  }
}

/**
 * What others advertise as capacity, such as vpc.amazonaws.com/pod-eni, becomes allocatable by the kubelet's word.
 * False when the node is not there.
 */
async function allowExtendedResources({ kube, node }: NodeReporterOptions): Promise<boolean> {
  const present = await kube.get(nodes, node.metadata.name)
  if (!present) return false
  const { capacity = {}, allocatable = {} } = present.status ?? {}
  const missing = Object.entries(capacity).filter(
    ([resource, amount]) => resource.includes("/") && allocatable[resource] !== amount,
  )
  if (missing.length > 0) {
    const body = { status: { allocatable: Object.fromEntries(missing) } }
    await kube.patch(nodes, node.metadata, { type: "merge", subresource: "status", body })
  }
  return true
}

/** Creates the Node, or takes over the one that is there, labels included (a restarted kubelet). */
async function register({ kube, node }: NodeReporterOptions): Promise<Node> {
  try {
    return await kube.create(nodes, node)
  } catch (error) {
    if (!(error instanceof KubeError && error.reason === "AlreadyExists")) throw error
  }
  const { name } = node.metadata
  const present = await kube.get(nodes, name)
  if (present && present.spec?.providerID !== node.spec?.providerID) {
    // Of an instance that had this address before: its providerID cannot be changed.
    await kube.remove(nodes, { name }, present.metadata.uid ? { uid: present.metadata.uid } : {})
    return await kube.create(nodes, node)
  }
  const labels = node.metadata.labels ?? {}
  return await kube.patch(nodes, { name }, { type: "merge", body: { metadata: { labels } } })
}

async function writeConditions(
  { kube, node, clock }: NodeReporterOptions,
  known: Node,
  ready: boolean,
): Promise<Node> {
  const { status } = node
  const conditions = nodeConditions(known.status?.conditions, ready, clock.now())
  // Capacity is merged by key: extended resources of others stay.
  return await kube.patch(nodes, node.metadata, {
    type: "strategic",
    subresource: "status",
    body: { status: { ...status, conditions } },
  })
}

async function renewLease(options: NodeReporterOptions): Promise<void> {
  const { kube, clock, log, signal, node } = options
  const { name } = node.metadata
  const spec = (): Lease["spec"] => ({
    holderIdentity: name,
    leaseDurationSeconds: leaseSeconds,
    renewTime: microStamp(clock.now()),
  })
  let exists = false
  while (!signal.aborted) {
    let waitMs = renewMs
    try {
      if (exists)
        await kube.patch(
          leases,
          { name, namespace: nodeLeaseNamespace },
          { type: "merge", body: { spec: spec() } },
        )
      else {
        await kube.create(leases, {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { name, namespace: nodeLeaseNamespace },
          spec: spec(),
        })
        exists = true
      }
    } catch (error) {
      const reason = error instanceof KubeError ? error.reason : ""
      exists = reason === "AlreadyExists" || (exists && reason !== "NotFound")
      waitMs = reason === "AlreadyExists" ? 0 : retryMs
      if (waitMs > 0) log.warn("lease not renewed", { error: (error as Error).message })
    }
    await clock.sleep(waitMs, signal).catch(() => {})
  }
}
