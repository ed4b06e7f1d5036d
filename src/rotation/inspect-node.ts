import { daemonSets, eniConfigs, nodes, pods, subnetPools } from "../api/resources.ts"
import type { Ec2 } from "../ec2/ec2.ts"
import { indexFleet } from "../fleet/facts/fleet-index.ts"
import { daemonSetFacts, nodeFacts, podFacts } from "../fleet/facts/kube-facts.ts"
import { rollover } from "../fleet/rollover.ts"
import { type Snapshot, snapshotFormat } from "../fleet/snapshot.ts"
import { type Kube, KubeError } from "../kube/kube.ts"
import { instanceOf } from "./read-view.ts"

/** Where a new node is looked at. */
export interface InspectionPorts {
  readonly kube: Kube
  readonly ec2: Pick<
    Ec2,
    "describeInstances" | "describeNetworkInterfaces" | "describeSubnets" | "describeSecurityGroups"
  >
  readonly region: string
  readonly now: () => number
}

const reasons = {
  "interfaces-elsewhere": "its ENIs are in another subnet than its ENIConfig names",
  "max-pods":
    "it advertises more pods than its ENIs have addresses for (its user data states the old max-pods)",
  "no-slot": "it has no ENI slot left for the subnet it should use",
} as const

/**
 * Why a node that has just joined would have to be replaced as well; undefined when it is as the cluster is configured.
 * Judged as `berth rotate` judges every node, on a snapshot of this one.
 */
export async function inspectNode(
  ports: InspectionPorts,
  name: string,
): Promise<string | undefined> {
  const snapshot = await snapshotOf(ports, name)
  if (snapshot === undefined) return undefined
  const [verdict] = rollover(indexFleet(snapshot))
  return verdict?.reasons.map((r) => reasons[r]).join("; ")
}

/** Any other failure is no answer: a node that a pool binds would be judged by its ENIConfig. */
function noneWithoutBerth(error: unknown) {
  if (error instanceof KubeError && (error.status === 404 || error.status === 403))
    return { items: [] }
  throw error
}

async function snapshotOf(ports: InspectionPorts, name: string): Promise<Snapshot | undefined> {
  const { kube, ec2, region, now } = ports
  const node = await kube.get(nodes, name)
  const id = node && instanceOf(node)
  if (node === undefined || id === undefined) return undefined
  const [set, configs, pools, own, instances, interfaces] = await Promise.all([
    kube.get(daemonSets, "aws-node", "kube-system"),
    kube.list(eniConfigs),
    kube.list(subnetPools).catch(noneWithoutBerth),
    kube.list(pods, { fieldSelector: `spec.nodeName=${name}` }),
    ec2.describeInstances({ ids: [id] }),
    ec2.describeNetworkInterfaces({ instanceId: id }),
  ])
  const vpcId = instances[0]?.vpcId
  const inVpc = vpcId === undefined ? { ids: [] } : { vpcId }
  const [subnets, securityGroups] = await Promise.all([
    ec2.describeSubnets(inVpc),
    ec2.describeSecurityGroups(inVpc),
  ])
  return {
    format: snapshotFormat,
    takenAt: new Date(now()).toISOString(),
    source: name,
    unread: [],
    cluster: {
      nodes: [nodeFacts(node)],
      pods: own.items.map(podFacts),
      eniConfigs: configs.items,
      subnetPools: pools.items,
      ...(set === undefined ? {} : { daemonSet: daemonSetFacts(set) }),
      securityGroupPolicies: [],
      nodeNetworks: [],
      disruptionBudgets: [],
      warnings: [],
      namespaces: [],
      serviceAccounts: [],
    },
    aws: {
      region,
      subnets,
      securityGroups,
      interfaces,
      instances,
      routeTables: [],
      reservations: [],
      autoScalingGroups: [],
      nodeGroups: [],
    },
  }
}
