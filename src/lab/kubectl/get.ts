import type { Node, Pod } from "../../api/core.ts"
import type { KubeObject } from "../../api/meta.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Arguments } from "./arguments.ts"
import { type CoreEvent, resourceOf } from "./resource-names.ts"

/** `get KIND [NAME] [-n NAMESPACE | -A] [-o json|wide] [-l ...] [--field-selector ...]` */
export async function getObjects(kube: Kube, args: Arguments): Promise<number> {
  const resource = resourceOf(args.words[0] ?? "")
  const name = args.words[1]
  const everywhere = args.options.get("all-namespaces") === "true"
  const namespace =
    resource.namespaced && !everywhere ? (args.options.get("namespace") ?? "default") : undefined
  const list = await kube.list(resource, {
    ...(namespace ? { namespace } : {}),
    ...optional("labelSelector", args.options.get("selector")),
    ...optional("fieldSelector", args.options.get("field-selector")),
  })
  const items = name === undefined ? list.items : list.items.filter((i) => i.metadata.name === name)
  if (name !== undefined && items.length === 0)
    throw new Error(`${resource.plural} "${name}" not found`)
  if (args.options.get("output") === "json") {
    const shown = name === undefined ? { apiVersion: "v1", kind: "List", items } : items[0]
    console.log(JSON.stringify(shown, null, 2))
  } else if (items.length === 0) {
    console.error("No resources found")
  } else {
    print(resource.kind, items)
  }
  return 0
}

const optional = (key: string, value: string | undefined) =>
  value === undefined ? {} : { [key]: value }

function print(kind: string, items: readonly KubeObject[]): void {
  const rows = items.map((item) => cells(kind, item))
  const widths =
    rows[0]?.map((_, i) =>
      Math.max(...rows.map((r) => (r[i] ?? "").length), headers(kind)[i]?.length ?? 0),
    ) ?? []
  for (const row of [headers(kind), ...rows])
    console.log(
      row
        .map((c, i) => c.padEnd(widths[i] ?? 0))
        .join("   ")
        .trimEnd(),
    )
}

function headers(kind: string): string[] {
  if (kind === "Pod") return ["NAME", "STATUS", "IP", "NODE"]
  if (kind === "Node") return ["NAME", "STATUS", "ZONE", "PODS"]
  if (kind === "Event") return ["TYPE", "REASON", "OBJECT", "MESSAGE"]
  return ["NAME", "CREATED"]
}

function cells(kind: string, item: KubeObject): string[] {
  const { name, creationTimestamp, labels } = item.metadata
  if (kind === "Pod") {
    const pod = item as Pod
    return [
      name,
      pod.status?.phase ?? "",
      pod.status?.podIP ?? "<none>",
      pod.spec.nodeName ?? "<none>",
    ]
  }
  if (kind === "Node") {
    const node = item as Node
    const ready = node.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True")
    return [
      name,
      ready ? "Ready" : "NotReady",
      labels?.["topology.kubernetes.io/zone"] ?? "",
      node.status?.capacity?.["pods"] ?? "",
    ]
  }
  if (kind === "Event") {
    const { type = "", reason = "", message = "", involvedObject } = item as CoreEvent
    const about = `${involvedObject?.kind?.toLowerCase()}/${involvedObject?.name}`
    return [type, reason, about, message]
  }
  return [name, creationTimestamp ?? ""]
}
