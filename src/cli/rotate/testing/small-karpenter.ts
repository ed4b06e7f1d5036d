import { EC2Client, RunInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2"
import type { KubeObject } from "../../../api/meta.ts"
import type { NodeClaim } from "../../../api/nodeclaim.ts"
import { nodeClaims, nodes, type Resource } from "../../../api/resources.ts"
import { systemClock } from "../../../clock.ts"
import type { Kube } from "../../../kube/kube.ts"
import { drainNode } from "../../../lab/kubectl/drain.ts"
import { instanceOf } from "../../../rotation/read-view.ts"

export const poolLabel = "karpenter.sh/nodepool"
const finalizer = "karpenter.sh/termination"
const definitions: Resource<KubeObject> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
}

export interface SmallKarpenterOptions {
  readonly kube: Kube
  readonly region: string
  readonly endpoint: string
  readonly subnetId: string
  readonly securityGroup: string
  /** Launch script of its nodes, up to the label of the pool. */
  readonly userData: (labels: string) => string
}

/**
 * What a rotation sees of Karpenter: an instance for each NodeClaim, the name of its node in the claim's status, and for
 * a claim that is deleted a new one, a drain, the end of the instance, and only then the end of the claim.
 */
export async function startSmallKarpenter(options: SmallKarpenterOptions, signal: AbortSignal) {
  const { kube, region, endpoint } = options
  const ec2 = new EC2Client({ region, endpoint })
  await installDefinition(kube)
  const instances = new Map<string, string>()
  const ending = new Set<string>()
  let made = 0
  const launch = async () => {
    const name = `default-${++made}`
    const metadata = { name, labels: { [poolLabel]: "default" }, finalizers: [finalizer] }
    const kind = { apiVersion: "karpenter.sh/v1", kind: "NodeClaim" }
    await kube.create(nodeClaims, { ...kind, metadata })
    const script = options.userData(`${poolLabel}=default`)
    const { Instances } = await ec2.send(
      new RunInstancesCommand({
        ...{ ImageId: "ami-0be47000000000001", InstanceType: "m5.large", MinCount: 1, MaxCount: 1 },
        ...{ SubnetId: options.subnetId, SecurityGroupIds: [options.securityGroup] },
        UserData: Buffer.from(script).toString("base64"),
      }),
    )
    instances.set(name, Instances?.[0]?.InstanceId ?? "")
  }
  const end = async (claim: NodeClaim) => {
    const { name } = claim.metadata
    await launch()
    const node = claim.status?.nodeName
    if (node !== undefined) {
      const unschedulable = { spec: { unschedulable: true } }
      await kube.patch(nodes, { name: node }, { type: "merge", body: unschedulable })
      await drainNode(kube, node, { clock: systemClock, timeoutMs: 60_000, signal })
    }
    const InstanceIds = [instances.get(name) ?? ""]
    await ec2.send(new TerminateInstancesCommand({ InstanceIds }))
    const body = { metadata: { finalizers: null } }
    await kube.patch(nodeClaims, { name }, { type: "merge", body })
  }
  const pass = async () => {
    const all = (await kube.list(nodes)).items
    for (const claim of (await kube.list(nodeClaims)).items) {
      const { name, deletionTimestamp } = claim.metadata
      const id = instances.get(name)
      const joined = all.find((n) => id !== undefined && instanceOf(n) === id)?.metadata.name
      if (joined !== undefined && claim.status?.nodeName === undefined) {
        const body = { status: { nodeName: joined } }
        await kube.patch(nodeClaims, { name }, { type: "merge", body, subresource: "status" })
      }
      if (deletionTimestamp !== undefined && !ending.has(name)) {
        ending.add(name)
        await end(claim)
      }
    }
  }
  const done = (async () => {
    while (!signal.aborted) {
      await pass()
      await systemClock.sleep(300, signal).catch(() => {})
    }
  })()
  return { launch, done }
}

async function installDefinition(kube: Kube): Promise<void> {
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true }
  await kube.create(definitions, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "nodeclaims.karpenter.sh" },
    spec: {
      group: "karpenter.sh",
      names: { kind: "NodeClaim", plural: "nodeclaims", singular: "nodeclaim" },
      scope: "Cluster",
      versions: [
        {
          ...{ name: "v1", served: true, storage: true, subresources: { status: {} } },
          schema: { openAPIV3Schema: anything },
        },
      ],
    },
  } as KubeObject)
}
