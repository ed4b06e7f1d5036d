import type { Ec2 } from "../ec2/ec2.ts"
import { httpEndpoint } from "../http/http-endpoint.ts"
import { EventRecorder } from "../kube/event-recorder.ts"
import { electLeader, type Lead } from "../kube/lease-election.ts"
import { serveAdmission } from "./admission/admission.ts"
import { callBudget } from "./call-budget.ts"
import { FoundClusterName, knownClusterName } from "./cluster-name.ts"
import type { ControllerConfig } from "./config.ts"
import { controllerMetrics } from "./controller-metrics.ts"
import { endpoints } from "./endpoints.ts"
import { fencedEc2 } from "./fenced-ec2.ts"
import { type Measured, noteBudget, noteInformers, noteTerm } from "./gauges.ts"
import { type ControllerInformers, type ControllerPorts, startInformers } from "./informers.ts"
import { serveTerm } from "./term.ts"

export interface ControllerOptions extends ControllerPorts {
  ec2: Ec2
  config: ControllerConfig
  /** Further work of the leader, until the signal aborts. */
  whileLeading?: Lead
}

const leaseName = "berth-controller"
/** Events that are not written within this time after the end are lost. */
const flushMs = 2_000

/** Runs the controller until the signal aborts: caches on every replica, one leader at a time. */
export async function runController(
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { kube, clock, random, log, ec2, config } = options
  const { namespace, identity } = config
  const metrics = controllerMetrics()
  let holdsLease = () => false
  const fenced = fencedEc2(ec2, () => holdsLease())
  const cloud = callBudget(fenced, { clock, random, metrics })
  let leading: Measured | undefined
  const informers = startInformers(options, signal)
  const recorder = new EventRecorder({
    ...{ kube, clock, log, controller: "berth.dev/controller", instance: identity },
  })
  const served = endpoints({
    metrics: async () => {
      noteInformers(metrics, informers)
      noteBudget(metrics, cloud.budget)
      if (leading) noteTerm(metrics, leading)
      return metrics.text()
    },
    notReady: () => waitingFor(informers),
  })
  await using _endpoint = await httpEndpoint(config.bindAddress, served)
  const term = {
    ...{ kube, clock, random, log, informers, recorder, metrics },
    clusterName: config.clusterName
      ? knownClusterName(config.clusterName)
      : new FoundClusterName({
          ...{ ec2: cloud.ec2, log },
          nodes: () => informers.nodes.list(),
          nodeNetworks: () => informers.nodeNetworks.list(),
        }),
    ...{ ec2: cloud.ec2, isThrottled: cloud.isThrottled, leaks: config.leaks },
  }
  const { webhookAddress: address } = config
  const admission = address
    ? serveAdmission(
        { kube, ec2: cloud.ec2, clock, log, informers, namespace, bindAddress: address },
        signal,
      )
    : undefined
  const election = { kube, clock, random, log, namespace, identity, name: leaseName }
  await electLeader(election, signal, async (lost, holds) => {
    holdsLease = holds
    metrics.berth_controller_leader.set(1)
    try {
      const serving = serveTerm(term, lost, (measured) => {
        leading = measured
      })
      await Promise.all([serving, options.whileLeading?.(lost, holds)])
    } finally {
      leading = undefined
      metrics.berth_controller_leader.set(0)
    }
  })
  await Promise.race([recorder.flush(), clock.sleep(flushMs)])
  await admission
  await Promise.all(Object.values(informers).map((informer) => informer.done))
}

function waitingFor(informers: ControllerInformers): string | undefined {
  const behind = Object.entries(informers).filter(([, informer]) => informer.state !== "synced")
  if (behind.length === 0) return undefined
  return behind.map(([name, informer]) => `${name}: ${informer.lastError}`).join("\n")
}
