import type { Node } from "../api/core.ts"
import type { ENIConfig } from "../api/eniconfig.ts"
import type { KubeObject } from "../api/meta.ts"
import type { NodeNetwork } from "../api/nodenetwork.ts"
import type { Resource } from "../api/resources.ts"
import {
  eniConfigs,
  nodeNetworks,
  nodes,
  securityGroupPolicies,
  subnetPools,
} from "../api/resources.ts"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import type { Clock } from "../clock.ts"
import { Informer } from "../kube/informer.ts"
import type { Kube } from "../kube/kube.ts"
import type { Logger } from "../log.ts"
import { isPodResource } from "../placement/pod-resource.ts"

export interface ControllerPorts {
  kube: Kube
  clock: Clock
  /** 0 <= x < 1. */
  random: () => number
  log: Logger
}

/** The caches of the API. They run on every replica, so that a new leader starts with what it needs. */
export interface ControllerInformers {
  nodes: Informer<Node>
  nodeNetworks: Informer<NodeNetwork>
  eniConfigs: Informer<ENIConfig>
  pools: Informer<SubnetPool>
  policies: Informer<SecurityGroupPolicy>
}

export function startInformers(ports: ControllerPorts, signal: AbortSignal): ControllerInformers {
  const start = <T extends KubeObject>(resource: Resource<T>, trim?: (object: T) => T) =>
    new Informer({ ...ports, resource, signal, ...(trim ? { trim } : {}) })
  return {
    nodes: start(nodes, trimNode),
    nodeNetworks: start(nodeNetworks),
    eniConfigs: start(eniConfigs),
    pools: start(subnetPools),
    policies: start(securityGroupPolicies),
  }
}

/** Nodes are many and their status is long: only what decides placements is kept. */
function trimNode(node: Node): Node {
  const { apiVersion, kind, metadata, spec, status } = node
  const { name, uid = "", resourceVersion = "", labels = {}, annotations = {} } = metadata
  // Long values are other programs' records; cut, not left out: a key that is present decides.
  const kept = Object.entries(annotations).map(([key, value]) => [key, value.slice(0, 300)])
  return {
    apiVersion,
    kind,
    metadata: { name, uid, resourceVersion, labels, annotations: Object.fromEntries(kept) },
    spec: {
      ...(spec?.providerID ? { providerID: spec.providerID } : {}),
      ...(spec?.unschedulable ? { unschedulable: true } : {}),
      taints: spec?.taints ?? [],
    },
    status: {
      capacity: Object.fromEntries(
        Object.entries(status?.capacity ?? {}).filter(([name]) => isPodResource(name)),
      ),
    },
  }
}
