import { join } from "node:path"
import { nodePlacement, type PlacementKey } from "../api/nodenetwork.ts"
import { branchPlacement } from "../ipam/held.ts"
import { EventRecorder } from "../kube/event-recorder.ts"
import { parsePlacementKey } from "../placement/placement.ts"
import { AddressBook, type AddressBookOptions } from "./address-book.ts"
import type { AgentDeps } from "./agent.ts"
import { agentMetrics } from "./agent-metrics.ts"
import { Branches } from "./branches.ts"
import type { CallContext } from "./calls/context.ts"
import { importCheckpoint } from "./checkpoint-import.ts"
import type { AgentConfig } from "./config.ts"
import { InterfaceKeeper } from "./interface-keeper.ts"
import { KeyedLock } from "./keyed-lock.ts"
import { LastKnownFile } from "./last-known.ts"
import { isolatedVethPrefix } from "./network/tables.ts"
import { type KubeDeps, watchNodeObjects } from "./node-objects.ts"
import { PodIPAnnotation } from "./pod-ip-annotation.ts"
import { PodPlacements } from "./pod-placements.ts"
import { type ReadinessInput, unavailable } from "./readiness.ts"
import { Supply } from "./supply.ts"
import { TrafficKeeper } from "./traffic-keeper.ts"
import { findWiredPods } from "./wired-pods.ts"

/** An ADD waits at most this long for supply. */
const addWaitMs = 20_000

/** Makes the agent's parts and ties them together; what must be closed goes to `cleanup`. */
export function agentParts(d: AgentDeps, signal: AbortSignal, cleanup: AsyncDisposableStack) {
  const { config, kernel, clock, disk } = d
  const log = d.log.logger
  const values = config.values
  const metrics = agentMetrics()
  metrics.awscni_connmark_backend.set(1, { backend: "nftables" })
  metrics.awscni_build_info.set(1, { version: d.version, goversion: `node ${process.version}` })
  const deps: KubeDeps = { kube: d.kube, clock, random: d.random, log, signal }
  const lastKnown = new LastKnownFile({ disk, path: stateFile(config, "last-known.json"), log })
  cleanup.defer(() => lastKnown.flush())
  const isolates = isolation(config)
  const book = openBook(d, {
    held: (request) => supply.held(request.placement) || supply.quotas.withholds(request),
    refusal: (request, shortage) => supply.refusalFor(request, shortage),
    keepMs: (request) => supply.sticky.keepMs(request),
    notKept: (held, before) => supply.sticky.tell(held, before),
    changed: () => supply.changed(),
  })
  cleanup.use(book)
  const keeper = cleanup.use(
    new InterfaceKeeper({
      kernel,
      clock,
      log,
      mtu: values.AWS_VPC_ENI_MTU,
      isolates,
      opened: (id, open) => book.setOpen(id, open),
      repaired: () => metrics.berth_kernel_repairs_total.inc({ what: "interface" }),
      plug: d.plug,
    }),
  )
  const traffic = new TrafficKeeper({ kernel, values, metrics, log })
  const enabled = values.ENABLE_POD_ENI
  const objects = watchNodeObjects(config.nodeName, deps, { branches: enabled })
  const placements = new PodPlacements(deps, objects, lastKnown)
  const instance = values.MY_POD_NAME || config.nodeName
  const events = new EventRecorder({ ...deps, controller: "berth.dev/agent", instance })
  const shared = { ...deps, config, book, keeper, objects, placements, lastKnown, events, metrics }
  const supply: Supply = new Supply({ ...shared, accepted: (s) => void traffic.update(s) })
  const trunk = () => supply.status?.interfaces.find((i) => i.type === "trunk")
  const branches = new Branches({ ...deps, enabled, kernel, objects, trunk })
  const readiness = () => readinessOf(book, supply)
  const calls: CallContext = {
    book,
    kernel,
    metrics,
    log,
    linkFor: (placement) => linkOf(config, isolates(placement)),
    locks: new KeyedLock(),
    placementOf: (pod) => placements.of(pod),
    branchOf: (pod) => branches.of(pod),
    annotation: values.ANNOTATE_POD_IP ? new PodIPAnnotation(d.kube) : undefined,
    unavailable: () => unavailable(readiness()),
  }
  return {
    deps,
    branches,
    book,
    supply,
    calls,
    keeper,
    traffic,
    objects,
    metrics,
    events,
    readiness,
  }
}

/** Opens the journal, and makes good from the kernel, or from Amazon VPC CNI, what it lacks. */
function openBook(
  { config, kernel, clock, disk, log, plug }: AgentDeps,
  callbacks: Pick<AddressBookOptions, "held" | "refusal" | "keepMs" | "notKept" | "changed">,
): AddressBook {
  const checkpoint = config.values.AWS_VPC_K8S_CNI_BACKING_STORE
  const { book, recovered, damagedLines } = AddressBook.open(
    {
      ...callbacks,
      disk,
      path: stateFile(config, "journal.jsonl"),
      config: { ...config.mode, cooldownMs: config.cooldownMs },
      node: config.nodeName,
      clock,
      waitMs: addWaitMs,
    },
    ({ existed }) => [
      // The in-memory kernel starts empty.
      ...(plug ? [] : findWiredPods(kernel.host)),
      // Another program's checkpoint counts only until there is a journal of our own.
      ...(existed
        ? []
        : importCheckpoint(disk.read(checkpoint)?.toString(), kernel.host, linkOf(config, false))),
    ],
  )
  if (damagedLines > 0) log.logger.error("the journal was damaged", { lines: damagedLines })
  if (recovered > 0) log.logger.warn("pods were found that the journal lacked", { pods: recovered })
  return book
}

const stateFile = (config: AgentConfig, name: string) => join(config.values.BERTH_STATE_DIR, name)

/** Only pods that chose security groups: an ENI of the node's own placement has the node's traffic to think of. */
const isolation = (config: AgentConfig) => (placement: PlacementKey) =>
  config.values.POD_SECURITY_GROUP_ENFORCING_MODE === "strict" &&
  (placement === branchPlacement || parsePlacementKey(placement)?.groups !== undefined)

function linkOf({ values }: AgentConfig, isolated: boolean) {
  const mtu = values.POD_MTU ?? values.AWS_VPC_ENI_MTU
  return isolated
    ? { mtu, vethPrefix: isolatedVethPrefix, isolated }
    : { mtu, vethPrefix: values.AWS_VPC_K8S_CNI_VETHPREFIX }
}

const readinessOf = (book: AddressBook, supply: Supply): ReadinessInput => ({
  pool: book.pool,
  status: supply.status,
  refusal: supply.refusal(nodePlacement, book.pool.shortage(nodePlacement)),
  waiting: [...supply.servable().values()].reduce((a, b) => a + b, 0),
})
