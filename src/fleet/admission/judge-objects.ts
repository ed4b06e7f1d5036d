import type { KubeObject } from "../../api/meta.ts"
import {
  eniConfigs,
  type Resource,
  securityGroupPolicies,
  subnetPools,
} from "../../api/resources.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import { fail } from "../../errors/catalogue.ts"
import { externalLabel } from "../../placement/binding.ts"
import { failed, found, lookup } from "../../placement/read.ts"
import { placementPod } from "../facts/placement-pod.ts"
import type { Snapshot } from "../snapshot.ts"
import { type AdmissionFacts, factFindings } from "./facts.ts"
import { type AdmissionFinding, deny, nameOf } from "./finding.ts"
import { shapeFindings } from "./shape.ts"

const kinds: readonly Resource<KubeObject>[] = [eniConfigs, subnetPools, securityGroupPolicies]

/** Whether an object is of a kind that decides placements. */
export const isPlacementObject = (object: Partial<KubeObject>): boolean =>
  kinds.some((resource) => resource.kind === object.kind)

/**
 * Judges objects that are about to be applied together, as the cluster would: by themselves, among each other, and
 * against a snapshot where there is one.
 */
export function judgeObjects(
  objects: readonly KubeObject[],
  snapshot: Snapshot | undefined,
): AdmissionFinding[] {
  const own = objects.filter(isPlacementObject)
  const facts = factsOf(own, snapshot)
  return [
    ...duplicates(own),
    ...own.flatMap((object) => {
      const shape = [...versionFindings(object), ...shapeFindings(object)]
      return shape.length > 0 ? shape : factFindings(object, facts(object))
    }),
  ]
}

function versionFindings(object: KubeObject): AdmissionFinding[] {
  const resource = kinds.find((r) => r.kind === object.kind)
  const wanted = `${resource?.group}/${resource?.version}`
  if (object.apiVersion === wanted) return []
  const name = nameOf(object)
  const why = `"${object.apiVersion}" is not ${wanted}`
  return [deny(name, fail("admission/invalid", { object: name, field: "apiVersion", why }))]
}

/** The second of two with one name would overwrite the first. */
function duplicates(objects: readonly KubeObject[]): AdmissionFinding[] {
  const named = Map.groupBy(objects, nameOf)
  return [...named].flatMap(([object, all]) => {
    if (all.length === 1) return []
    const why = `is given ${all.length} times`
    return [deny(object, fail("admission/invalid", { object, field: "metadata.name", why }))]
  })
}

/** What the cluster would know once all objects are applied. */
function factsOf(
  objects: readonly KubeObject[],
  snapshot: Snapshot | undefined,
): (object: KubeObject) => AdmissionFacts {
  const names = new Set(objects.filter(isPool).map((p) => p.metadata.name))
  const kept = (snapshot?.cluster.subnetPools ?? []).filter((p) => !names.has(p.metadata.name))
  const pools = [...kept, ...objects.filter(isPool)]
  const nodes = (snapshot?.cluster.nodes ?? []).map(({ name, labels }) => ({
    name,
    labels,
    zone: labels["topology.kubernetes.io/zone"] ?? "",
  }))
  const pods = snapshot?.cluster.pods
    .filter((pod) => !pod.hostNetwork)
    .map((pod) => placementPod({ snapshot }, pod))
  const aws = snapshot?.aws
  const unread = failed("there is no snapshot of AWS")
  const vpcId = aws?.vpc?.id
  const bound = (name: string) =>
    new Set(
      (snapshot?.cluster.nodeNetworks ?? [])
        .filter(({ status }) => status?.binding?.name === name)
        .filter(({ status }) => status?.binding?.source !== "SubnetPool")
        .map((n) => n.metadata.name),
    )
  return (object) => ({
    vpcId,
    nodes,
    otherPools: pools.filter((p) => p !== object),
    namespaces: snapshot?.cluster.namespaces,
    pods,
    // A snapshot holds one VPC: an id that is not in it is of another, or of none.
    subnet: aws ? lookup(found(aws.subnets), (s) => s.id) : () => unread,
    group: aws ? lookup(found(aws.securityGroups), (g) => g.id) : () => unread,
    subnets: aws ? found(aws.subnets) : unread,
    boundTo: (name) => {
      const nodesOf = bound(name)
      return nodes.filter((n) => nodesOf.has(n.name) || n.labels[externalLabel] === name)
    },
  })
}

const isPool = (object: KubeObject): object is SubnetPool => object.kind === subnetPools.kind
