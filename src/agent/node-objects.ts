import type { Node, Pod } from "../api/core.ts"
import type { KubeObject } from "../api/meta.ts"
import type { NodeNetwork } from "../api/nodenetwork.ts"
import { nodeNetworks, nodes, pods, type Resource } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import { Informer } from "../kube/informer.ts"
import type { Kube } from "../kube/kube.ts"
import type { Logger } from "../log.ts"
import { podENI } from "./network/branch-annotation.ts"

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

/** `branches`: with ENABLE_POD_ENI pods are told apart that have an ENI of their own. */
export function watchNodeObjects(
  nodeName: string,
  deps: KubeDeps,
  { branches }: { branches: boolean },
): NodeObjects {
  const watch = <T extends KubeObject>(
    resource: Resource<T>,
    fieldSelector: string,
    trim?: (object: T) => T,
  ) => new Informer<T>({ ...deps, resource, query: { fieldSelector }, ...(trim && { trim }) })
  const self = `metadata.name=${nodeName}`
  return {
    node: watch(nodes, self),
    pods: watch(pods, `spec.nodeName=${nodeName}`, (pod) => trimPod(pod, branches)),
    nodeNetwork: watch(nodeNetworks, self),
  }
}

/** A pod's spec is ten times what the agent reads of it. */
function trimPod(pod: Pod, branches: boolean): Pod {
  const { metadata, spec, status } = pod
  const { name, namespace, uid, resourceVersion, labels, deletionTimestamp } = metadata
  const owners = metadata.ownerReferences?.filter((owner) => owner.controller)
  const asks = branches && requestsBranch(pod)
  const eni = metadata.annotations?.[podENI]
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
      ...(owners && { ownerReferences: owners }),
      ...(asks && eni !== undefined && { annotations: { [podENI]: eni } }),
    },
    spec: {
      containers: asks ? [{ name: "", resources: { limits: { [podENI]: "1" } } }] : [],
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

/** Whether the pod is to have a branch interface of its own: any container says so (webhooks name the first). */
export const requestsBranch = ({ spec }: Pod): boolean =>
  spec.containers.some((c) => c.resources?.limits?.[podENI] !== undefined)

/** Pods that need an address of the node's interfaces and have shown none yet. */
export const wantsAddress = (pod: Pod): boolean =>
  !pod.spec.hostNetwork &&
  !requestsBranch(pod) &&
  pod.metadata.deletionTimestamp === undefined &&
  pod.status?.podIP === undefined &&
  pod.status?.phase !== "Succeeded" &&
  pod.status?.phase !== "Failed"
