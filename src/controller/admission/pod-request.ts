import type { Pod } from "../../api/core.ts"
import type { PodFactsReader } from "../../kube/pod-facts.ts"
import { podPlacement } from "../../placement/pod-placement.ts"
import { podResource } from "../../placement/pod-resource.ts"
import { found } from "../../placement/read.ts"
import type { ControllerInformers } from "../informers.ts"
import type { ReviewRequest, ReviewResponse } from "./review.ts"

export interface PodRequestOptions {
  informers: Pick<ControllerInformers, "nodes" | "pools" | "policies">
  facts: PodFactsReader
}

/**
 * Lets a new pod that chooses its placement ask for one of `pods.berth.dev/...`, so that it is scheduled where there is
 * room for it. Asks for nothing that no node offers, and nothing where the choice is not clear: such a pod is better
 * told why by its node than never scheduled.
 */
export async function requestForPod(
  request: ReviewRequest,
  options: PodRequestOptions,
): Promise<ReviewResponse> {
  const allowed = { uid: request.uid, allowed: true }
  const resource = await resourceFor(request, options)
  if (resource === undefined) return allowed
  const pod = request.object as Pod
  const [first] = pod.spec.containers
  const { requests = {}, limits = {} } = first?.resources ?? {}
  // Of extended resources a container must request what it is limited to.
  const resources = {
    ...first?.resources,
    requests: { ...requests, [resource]: "1" },
    limits: { ...limits, [resource]: "1" },
  }
  const patch = [{ op: "add", path: "/spec/containers/0/resources", value: resources }]
  return {
    ...allowed,
    patchType: "JSONPatch",
    patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
  }
}

async function resourceFor(
  { object, namespace }: ReviewRequest,
  { informers, facts }: PodRequestOptions,
): Promise<string | undefined> {
  if (object?.kind !== "Pod") return undefined
  const pod = object as Pod
  if (pod.spec.hostNetwork || pod.spec.nodeName !== undefined) return undefined
  const pools = found(informers.pools.list())
  const policies = found(informers.policies.list())
  // A pod that is being made may have neither its namespace nor its name yet.
  const metadata = { ...pod.metadata, ...(namespace !== undefined && { namespace }) }
  const decision = podPlacement(
    await facts.factsOf({ metadata, spec: pod.spec }, pools, policies),
    pools,
    policies,
  )
  const resource = decision.ok ? podResource(decision.key) : undefined
  if (resource === undefined || asks(pod, resource)) return undefined
  const isOffered = informers.nodes
    .list()
    .some((node) => node.status?.capacity?.[resource] !== undefined)
  return isOffered ? resource : undefined
}

const asks = ({ spec }: Pod, resource: string): boolean =>
  spec.containers.some((c) => c.resources?.limits?.[resource] !== undefined)
