import type { CNINode, CNINodeFeature } from "../api/cninode.ts"
import type { NodeNetworkStatus } from "../api/nodenetwork.ts"
import { cniNodes } from "../api/resources.ts"
import type { KubeDeps } from "./node-objects.ts"

export interface FeatureOptions extends KubeDeps {
  readonly nodeName: string
  readonly customNetworking: boolean
  readonly status: () => NodeNetworkStatus | undefined
}

const retryMs = 5_000
/** The status comes with the agent's own watch: to look costs nothing. */
const statusMs = 200
/** The control plane may make the object anew. */
const checkMs = 600_000

/** Asks the VPC resource controller for a trunk interface, until the signal aborts. Never rejects. */
export async function requestFeatures(o: FeatureOptions): Promise<void> {
  const { clock, log, signal } = o
  let told = ""
  while (!signal.aborted) {
    if (!o.status()) {
      await clock.sleep(statusMs, signal).catch(() => {})
      continue
    }
    let why = ""
    try {
      why = (await request(o)) ?? ""
    } catch (error) {
      why = (error as Error).message
    }
    if (why !== "" && why !== told) log.info("no branch interfaces are asked for yet", { why })
    told = why
    await clock.sleep(why === "" ? checkMs : retryMs, signal).catch(() => {})
  }
}

/** Answers why it could not be asked for; undefined when all is asked for. */
async function request(o: FeatureOptions): Promise<string | undefined> {
  const { kube, nodeName } = o
  const object = await kube.get(cniNodes, nodeName)
  if (!object) return `there is no CNINode ${nodeName}: the VPC resource controller makes it`
  const missing = missingFeatures(object.spec?.features ?? [], o.customNetworking, o.status() ?? {})
  let current: CNINode = object
  // One by one: the trunk is made in the subnet that is known when the second is seen.
  for (const feature of missing) {
    const features = [
      ...(current.spec?.features ?? []).filter((f) => f.name !== feature.name),
      feature,
    ]
    const { resourceVersion } = current.metadata
    const body = { metadata: { resourceVersion }, spec: { features } }
    current = await kube.patch(cniNodes, { name: nodeName }, { type: "merge", body })
  }
  return undefined
}

/**
 * In the order in which they are to be asked for. The VPC resource controller knows ENIConfigs only: with a node bound
 * to a SubnetPool its interfaces are in the node's own subnet.
 */
export function missingFeatures(
  present: readonly CNINodeFeature[],
  customNetworking: boolean,
  { binding }: Pick<NodeNetworkStatus, "binding">,
): CNINodeFeature[] {
  const config = binding?.source === "SubnetPool" ? undefined : binding?.name
  const wanted: CNINodeFeature[] = [
    ...(customNetworking && config !== undefined
      ? [{ name: "CustomNetworking", value: config }]
      : []),
    { name: "SecurityGroupsForPods", value: "" },
  ]
  return wanted.filter(
    ({ name, value }) => !present.some((f) => f.name === name && (f.value ?? "") === value),
  )
}
