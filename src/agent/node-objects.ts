import type { Node, Pod } from "../api/core.ts"
import type { KubeObject } from "../api/meta.ts"
import type { NodeNetwork } from "../api/nodenetwork.ts"
import { nodeNetworks, nodes, pods, type Resource } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import { Informer } from "../kube/informer.ts"
import type { Kube } from "../kube/kube.ts"
import type { Logger } from "../log.ts"

export interface KubeDeps {
  kube: Kube
  clock: Clock
  random: () => number
  log: Logger
  signal: AbortSignal
}

/** The objects that concern this node, and no others: three watches of one to some hundred objects. */
export interface NodeObjects {
  readonly node: Informer<Node>
  readonly pods: Informer<Pod>
  readonly nodeNetwork: Informer<NodeNetwork>
}

export function watchNodeObjects(nodeName: string, deps: KubeDeps): NodeObjects {
  const watch = <T extends KubeObject>(
    resource: Resource<T>,
    fieldSelector: string,
    trim?: (object: T) => T,
  ) => new Informer<T>({ ...deps, resource, query: { fieldSelector }, ...(trim && { trim }) })
  const self = `metadata.name=${nodeName}`
  return {
    node: watch(nodes, self),
    pods: watch(pods, `spec.nodeName=${nodeName}`, trimPod),
    nodeNetwork: watch(nodeNetworks, self),
  }
}

/** A pod's spec is ten times what the agent reads of it. */
function trimPod(pod: Pod): Pod {
  const { metadata, spec, status } = pod
  const { name, namespace, uid, resourceVersion, labels, deletionTimestamp } = metadata
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: {
      name,
      ...(namespace && { namespace }),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
      ...(labels && { labels }),
      ...(deletionTimestamp && { deletionTimestamp }),
    },
    spec: {
      containers: [],
      ...(spec.hostNetwork && { hostNetwork: true }),
      ...(spec.nodeName && { nodeName: spec.nodeName }),
      ...(spec.serviceAccountName && { serviceAccountName: spec.serviceAccountName }),
    },
    status: {
      ...(status?.phase && { phase: status.phase }),
      ...(status?.podIP && { podIP: status.podIP }),
    },
  }
}

/** Pods that need an address and have shown none yet. */
export const wantsAddress = ({ metadata, spec, status }: Pod): boolean =>
  !spec.hostNetwork &&
  metadata.deletionTimestamp === undefined &&
  status?.podIP === undefined &&
  status?.phase !== "Succeeded" &&
  status?.phase !== "Failed"
