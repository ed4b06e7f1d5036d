import type { Pod } from "../../api/core.ts"
import { pods } from "../../api/resources.ts"
import type { Kube, KubeText } from "../../kube/kube.ts"
import type { Bundle } from "./bundle.ts"

/** Of each container; a log of 100 MB tells no more than its end. */
const limit = { tailLines: "20000", limitBytes: String(4 << 20) }
/** Logs read at the same time: each is a connection from the API server to a kubelet. */
const atOnce = 8

interface Source {
  readonly pod: string
  readonly container: string
  readonly restarts: number
  readonly path: string
}

/** Logs of the controller, and of the agents on `nodes`; of containers that restarted the last life's as well. */
export async function collectLogs(
  kube: Kube & KubeText,
  bundle: Bundle,
  nodes: ReadonlySet<string>,
): Promise<void> {
  const { items } = await kube.list(pods, { namespace: "kube-system" })
  const sources = items.flatMap((pod) => sourcesOf(pod, nodes))
  for (let at = 0; at < sources.length; at += atOnce)
    await Promise.all(sources.slice(at, at + atOnce).map((source) => read(kube, bundle, source)))
}

function sourcesOf(pod: Pod, nodes: ReadonlySet<string>): Source[] {
  const { name, labels = {}, ownerReferences = [] } = pod.metadata
  const node = pod.spec.nodeName ?? ""
  const isAgent = ownerReferences.some((o) => o.kind === "DaemonSet" && o.name === "aws-node")
  const isController = labels["app.kubernetes.io/name"] === "berth-controller"
  if (!isController && !(isAgent && nodes.has(node))) return []
  const statuses = (pod.status?.["containerStatuses"] ?? []) as {
    name: string
    restartCount?: number
  }[]
  return pod.spec.containers.map((c) => ({
    pod: name,
    container: c.name,
    restarts: statuses.find((s) => s.name === c.name)?.restartCount ?? 0,
    path: isController ? `logs/controller/${name}` : `logs/${node}/${c.name}`,
  }))
}

async function read(kube: KubeText, bundle: Bundle, source: Source): Promise<void> {
  const url = `/api/v1/namespaces/kube-system/pods/${source.pod}/log`
  const query = { ...limit, container: source.container, timestamps: "false" }
  await bundle.attempt(`${source.path}.log`, () => kube.text(url, query))
  if (source.restarts > 0)
    await bundle.attempt(`${source.path}.previous.log`, () =>
      kube.text(url, { ...query, previous: "true" }),
    )
}
