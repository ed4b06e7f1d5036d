import type { Event, Node } from "../../api/core.ts"
import type { ENIConfig } from "../../api/eniconfig.ts"
import type {
  NodeMode,
  NodeNetwork,
  NodeNetworkSpec,
  NodeNetworkStatus,
} from "../../api/nodenetwork.ts"
import { eniConfigs, events, nodeNetworks, nodes } from "../../api/resources.ts"
import type { Ec2 } from "../../ec2/ec2.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import { terminateInstances } from "../../ec2/memory/instances.ts"
import { memoryEc2 } from "../../ec2/memory/memory-ec2.ts"
import { EventRecorder } from "../../kube/event-recorder.ts"
import { type MemoryKube, memoryKube } from "../../kube/memory/memory-kube.ts"
import { silentLogger } from "../../log.ts"
import { type VirtualClock, virtualClock } from "../../testing/virtual-clock.ts"
import { callBudget } from "../call-budget.ts"
import { knownClusterName } from "../cluster-name.ts"
import type { LeakMode } from "../config.ts"
import { controllerMetrics } from "../controller-metrics.ts"
import { fencedEc2 } from "../fenced-ec2.ts"
import { startInformers } from "../informers.ts"
import { serveTerm } from "../term.ts"
import { ids, launch, testCloud } from "./test-cloud.ts"

export const cluster = "test-cluster"

/** A controller's term on the world's twins. */
export interface RunningTerm {
  /** Once it is not held, as after a pause, the term runs on; changes that it makes in EC2 all the same are counted. */
  readonly lease: { held: boolean; changesWithout: number }
  /** As after SIGTERM: calls under way are given up, all memory is lost. */
  stop(): Promise<void>
}

export class World {
  readonly clock: VirtualClock = virtualClock()
  readonly cloud: Cloud
  readonly ec2: Ec2
  readonly kube: MemoryKube
  readonly instances = new Map<string, string>()
  readonly #random: () => number

  constructor(random: () => number = () => 0.5) {
    this.#random = random
    this.cloud = testCloud(this.clock, random)
    this.ec2 = memoryEc2(this.cloud)
    this.kube = memoryKube({ clock: this.clock })
  }

  async addConfig(name: string, subnet: string, groups: string[] = [ids.groupPods]): Promise<void> {
    await this.kube.create<ENIConfig>(eniConfigs, {
      apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
      kind: "ENIConfig",
      metadata: { name },
      spec: { subnet, securityGroups: groups },
    })
  }

  async editConfig(name: string, spec: ENIConfig["spec"]): Promise<void> {
    await this.kube.patch(eniConfigs, { name }, { type: "merge", body: { spec } })
  }

  /** Launches an instance, and makes the Node and the NodeNetwork that kubelet and agent would. */
  async addNode(
    name: string,
    options: { type?: string; mode?: Partial<NodeMode>; config?: string } = {},
  ): Promise<void> {
    const { type = "m5.large", config = "a" } = options
    const instanceID = launch(this.cloud, type)
    this.instances.set(name, instanceID)
    await this.kube.create<Node>(nodes, {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "topology.kubernetes.io/zone": "us-west-2a",
          "node.kubernetes.io/instance-type": type,
        },
        annotations: { "k8s.amazonaws.com/eniConfig": config },
      },
      spec: { providerID: `aws:///us-west-2a/${instanceID}` },
    })
    await this.kube.create<NodeNetwork>(nodeNetworks, {
      apiVersion: "berth.dev/v1alpha1",
      kind: "NodeNetwork",
      metadata: { name },
      spec: nodeSpec(instanceID, options.mode),
    })
  }

  async bind(node: string, config: string): Promise<void> {
    const annotations = { "k8s.amazonaws.com/eniConfig": config }
    await this.kube.patch(
      nodes,
      { name: node },
      { type: "merge", body: { metadata: { annotations } } },
    )
  }

  async spec(node: string, change: Partial<NodeNetworkSpec>): Promise<void> {
    await this.kube.patch(nodeNetworks, { name: node }, { type: "merge", body: { spec: change } })
  }

  waiting(node: string, waiting: number, inUse = 0): Promise<void> {
    return this.spec(node, { demand: [{ placement: "node", inUse, waiting, cooling: 0 }] })
  }

  async status(node: string): Promise<NodeNetworkStatus | undefined> {
    return (await this.kube.get(nodeNetworks, node))?.status
  }

  /** The secondary addresses that EC2 has on an interface, now. */
  truth(interfaceID: string): readonly string[] {
    return this.cloud.core.tables.networkInterface.get(interfaceID)?.addresses ?? []
  }

  terminate(node: string): void {
    terminateInstances(this.cloud.core, { ids: [this.instances.get(node) ?? ""] })
  }

  async events(): Promise<Event[]> {
    return (await this.kube.list(events)).items
  }

  /** EC2 calls made since the last look, by action. */
  callsSince(): Record<string, number> {
    const now = Object.fromEntries(this.cloud.calls)
    const since = Object.fromEntries(
      Object.entries(now)
        .map(([action, count]) => [action, count - (this.#seen[action] ?? 0)] as const)
        .filter(([, count]) => count > 0),
    )
    this.#seen = now
    return since
  }
  #seen: Record<string, number> = {}

  start(leaks: LeakMode = "free"): RunningTerm {
    const stop = new AbortController()
    const ports = {
      kube: this.kube,
      clock: this.clock,
      random: this.#random,
      log: process.env["BERTH_TEST_LOG"] ? consoleLogger : silentLogger,
    }
    const informers = startInformers(ports, stop.signal)
    const recorder = new EventRecorder({
      ...ports,
      controller: "berth.dev/controller",
      instance: "t",
    })
    const metrics = controllerMetrics()
    const lease = { held: true, changesWithout: 0 }
    const noted = noteChanges(this.ec2, () => {
      if (!lease.held) lease.changesWithout++
    })
    const fenced = fencedEc2(noted, () => lease.held)
    const { ec2, isThrottled } = callBudget(fenced, { ...ports, metrics })
    const options = {
      ...{ ...ports, ec2, isThrottled, informers, recorder, metrics },
      ...{ clusterName: knownClusterName(cluster), leaks },
    }
    const done = serveTerm(options, stop.signal).catch((error) => {
      if (!stop.signal.aborted) throw error
    })
    return {
      lease,
      stop: async () => {
        stop.abort(new DOMException("stopped", "AbortError"))
        await done
      },
    }
  }
}

/** EC2 that tells of every call but those that only read. */
function noteChanges(ec2: Ec2, changing: () => void): Ec2 {
  return new Proxy(ec2, {
    get(target, name: keyof Ec2) {
      if (!name.startsWith("describe")) changing()
      return target[name]
    },
  })
}

const say = (level: string) => (message: string, fields?: object) =>
  console.error(level, message, JSON.stringify(fields ?? {}))

const consoleLogger = {
  debug: say("debug"),
  info: say("info"),
  warn: say("warn"),
  error: say("error"),
  child: () => consoleLogger,
}

/** What an agent states first: custom networking on, two addresses kept warm. */
export const nodeSpec = (instanceID: string, mode: Partial<NodeMode> = {}): NodeNetworkSpec => ({
  instanceID,
  mode: {
    customNetworking: true,
    prefixDelegation: false,
    provisioning: true,
    manageUntagged: true,
    manageWhenUnschedulable: false,
    annotationKey: "k8s.amazonaws.com/eniConfig",
    labelKey: "k8s.amazonaws.com/eniConfig",
    clusterName: cluster,
    ...mode,
  },
  targets: { warmIP: 2, minimumIP: 0, maxPods: 110 },
  demand: [{ placement: "node", inUse: 0, waiting: 0, cooling: 0 }],
  offers: [],
})
