import { stringify } from "yaml"
import type { KubeObject } from "../../api/meta.ts"
import {
  eniConfigs,
  events,
  leases,
  nodeNetworks,
  nodeRotations,
  type Resource,
  securityGroupPolicies,
  subnetPools,
} from "../../api/resources.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"
import type { Bundle } from "./bundle.ts"
import { tidy } from "./tidy.ts"

const kinds: readonly Resource<KubeObject>[] = [
  eniConfigs,
  nodeNetworks,
  nodeRotations,
  securityGroupPolicies,
  subnetPools,
]

/** What runs Berth, or the plugin that it finds. */
const workloads = [
  "/apis/apps/v1/namespaces/kube-system/daemonsets/aws-node",
  "/apis/apps/v1/namespaces/kube-system/deployments/berth-controller",
] as const

/** The objects that decide where pods get addresses, what runs the plugin, and what was said about them. */
export async function collectObjects(kube: Kube, bundle: Bundle): Promise<void> {
  const absentIsNothing = async (read: () => Promise<string>) => {
    try {
      return await read()
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return ""
      throw error
    }
  }
  const list = async (resource: Resource<KubeObject>, namespace?: string) => {
    const { items } = await kube.list(resource, namespace === undefined ? {} : { namespace })
    return items.length === 0 ? "" : stringify(items.map(tidy))
  }
  await Promise.all([
    ...kinds.map((kind) =>
      bundle.attempt(`objects/${kind.plural}.yaml`, () => absentIsNothing(() => list(kind))),
    ),
    ...workloads.map((path) =>
      bundle.attempt(`objects/${path.split("/").slice(-2).join("-")}.yaml`, () =>
        absentIsNothing(async () => stringify(tidy(await kube.raw(path)))),
      ),
    ),
    bundle.attempt("objects/leases.yaml", () => list(leases, "kube-system")),
    bundle.attempt("events.yaml", () => eventsOf(kube)),
  ])
}

/** Events about what Berth touches: its own, those of kube-system, and every warning. */
async function eventsOf(kube: Kube): Promise<string> {
  const { items } = await kube.list(events)
  const kept = items.filter(
    (e) =>
      e.type === "Warning" ||
      e.metadata.namespace === "kube-system" ||
      e.reportingController?.startsWith("berth.dev/") ||
      e.regarding?.kind === "Node",
  )
  return kept.length === 0 ? "" : stringify(kept.map(tidy))
}
