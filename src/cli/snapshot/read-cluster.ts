import type { DaemonSet, Event, Node } from "../../api/core.ts"
import type { KubeObject } from "../../api/meta.ts"
import type { NetworkPolicy } from "../../api/networkpolicy.ts"
import {
  daemonSets,
  eniConfigs,
  events,
  namespaces,
  networkPolicies,
  nodeNetworks,
  nodes,
  podDisruptionBudgets,
  pods,
  type Resource,
  securityGroupPolicies,
  serviceAccounts,
  subnetPools,
  targetGroupBindings,
} from "../../api/resources.ts"
import { daemonSetFacts, nodeFacts, podFacts } from "../../fleet/facts/kube-facts.ts"
import type {
  ClusterFacts,
  NetworkPolicyFacts,
  Unread,
  WarningFacts,
} from "../../fleet/snapshot.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"

const warningsMost = 2000

/**
 * Reads the cluster with one list a kind. What may not be read, or does not exist on a cluster without Berth, is noted
 * and left empty; only an API server that cannot be reached at all rejects.
 */
export async function readCluster(
  kube: Kube,
): Promise<{ cluster: ClusterFacts; unread: Unread[] }> {
  const unread: Unread[] = []
  const version = (await kube.raw("/version")) as { gitVersion?: string }
  const all = async <T extends KubeObject>(resource: Resource<T>, query = {}): Promise<T[]> => {
    try {
      return (await kube.list(resource, query)).items
    } catch (error) {
      if (!(error instanceof KubeError) || error.status === 0) throw error
      // 404: the kind is not installed, which is no loss of sight.
      if (error.status !== 404) {
        unread.push({
          what: `${resource.plural}${resource.group === "" ? "" : `.${resource.group}`}`,
          why: error.message,
        })
      }
      return []
    }
  }
  const [
    nodeList,
    podList,
    configs,
    pools,
    policies,
    networks,
    sets,
    budgets,
    warnings,
    spaces,
    accounts,
    bindings,
    netPolicies,
  ] = await Promise.all([
    all(nodes),
    all(pods),
    all(eniConfigs),
    all(subnetPools),
    all(securityGroupPolicies),
    all(nodeNetworks),
    all(daemonSets, { namespace: "kube-system" }),
    all(podDisruptionBudgets),
    all(events, { fieldSelector: "type=Warning" }),
    all(namespaces),
    all(serviceAccounts),
    all(targetGroupBindings),
    all(networkPolicies),
  ])
  const daemonSet = sets.find((d) => d.metadata.name === "aws-node")
  const name = clusterName(daemonSet, nodeList)
  return {
    unread,
    cluster: {
      ...(name === undefined ? {} : { name }),
      ...(version.gitVersion === undefined ? {} : { version: version.gitVersion }),
      nodes: nodeList.map(nodeFacts),
      pods: podList.map(podFacts),
      eniConfigs: configs.map(withoutManagedFields),
      subnetPools: pools.map(withoutManagedFields),
      securityGroupPolicies: policies.map(withoutManagedFields),
      nodeNetworks: networks.map(withoutManagedFields),
      ...(daemonSet === undefined ? {} : { daemonSet: daemonSetFacts(daemonSet) }),
      disruptionBudgets: budgets.map((b) => ({
        namespace: b.metadata.namespace ?? "",
        name: b.metadata.name,
        disruptionsAllowed: b.status?.disruptionsAllowed ?? 0,
        expectedPods: b.status?.expectedPods ?? 0,
        matchLabels: b.spec?.selector?.matchLabels ?? {},
      })),
      networkPolicies: netPolicies.map(blocksOf).filter((p) => p.ingress.length + p.egress.length),
      targetGroupBindings: bindings.map(({ metadata, spec = {} }) => ({
        namespace: metadata.namespace ?? "",
        name: metadata.name,
        targetType: spec.targetType ?? "",
        ...(spec.vpcID && { vpcId: spec.vpcID }),
        service: spec.serviceRef?.name ?? "",
      })),
      warnings: newestWarnings(warnings),
      namespaces: spaces.map((n) => ({ name: n.metadata.name, labels: n.metadata.labels ?? {} })),
      serviceAccounts: accounts.map((a) => ({
        namespace: a.metadata.namespace ?? "",
        name: a.metadata.name,
        labels: a.metadata.labels ?? {},
      })),
    },
  }
}

function blocksOf({ metadata, spec = {} }: NetworkPolicy): NetworkPolicyFacts {
  const cidrs = (peers: readonly { ipBlock?: { cidr: string } }[]) =>
    peers.flatMap((peer) => peer.ipBlock?.cidr ?? [])
  return {
    ...{ namespace: metadata.namespace ?? "", name: metadata.name },
    ingress: cidrs((spec.ingress ?? []).flatMap((rule) => rule.from ?? [])),
    egress: cidrs((spec.egress ?? []).flatMap((rule) => rule.to ?? [])),
  }
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as T["metadata"] & {
    managedFields?: unknown
  }
  return { ...object, metadata }
}

/** The plugin is told the cluster's name; eksctl and EKS label nodes with it. */
function clusterName(daemonSet: DaemonSet | undefined, all: readonly Node[]): string | undefined {
  const env = daemonSet?.spec.template.spec.containers.flatMap((c) => c.env ?? [])
  const told = env?.find((e) => e.name === "CLUSTER_NAME")?.value
  return (
    told ||
    all.map((n) => n.metadata.labels?.["alpha.eksctl.io/cluster-name"]).find((n) => n !== undefined)
  )
}

function newestWarnings(list: readonly Event[]): WarningFacts[] {
  return list
    .map((e) => {
      const old = e as Event & {
        lastTimestamp?: string
        deprecatedLastTimestamp?: string
        deprecatedCount?: number
      }
      return {
        at:
          e.series?.lastObservedTime ??
          e.eventTime ??
          old.deprecatedLastTimestamp ??
          e.metadata.creationTimestamp ??
          "",
        kind: e.regarding?.kind ?? "",
        ...(e.regarding?.namespace ? { namespace: e.regarding.namespace } : {}),
        name: e.regarding?.name ?? "",
        reason: e.reason,
        message: e.note ?? "",
        count: e.series?.count ?? old.deprecatedCount ?? 1,
      }
    })
    .sort((a, b) => b.at.localeCompare(a.at))
    .slice(0, warningsMost)
}
