import { systemClock } from "../../clock.ts"
import { connect } from "../../kube/client/connection.ts"
import { readBody } from "../../kube/client/transport.ts"
import type { Kube, ListQuery } from "../../kube/kube.ts"
import { resourcePath, selectorParams } from "../../kube/resource-path.ts"
import type { Arguments } from "./arguments.ts"
import { resourceOf } from "./resource-names.ts"

/** The API server renders tables itself: kubectl prints what it is sent. */
interface Table {
  columnDefinitions: { name: string; priority: number }[]
  rows?: { cells: unknown[] }[]
}

const tableType = "application/json;as=Table;v=v1;g=meta.k8s.io"
const timeoutMs = 30_000

/** `get KIND [NAME] [-n NAMESPACE | -A] [-o json|wide] [-l ...] [--field-selector ...]` */
export async function getObjects(kube: Kube, args: Arguments): Promise<number> {
  const resource = resourceOf(args.words[0] ?? "")
  const name = args.words[1]
  const everywhere = args.options.get("all-namespaces") === "true"
  const namespace =
    resource.namespaced && !everywhere ? (args.options.get("namespace") ?? "default") : undefined
  const query: ListQuery = {
    ...optional("namespace", namespace),
    ...optional("labelSelector", args.options.get("selector")),
    ...optional("fieldSelector", args.options.get("field-selector")),
  }
  const output = args.options.get("output")
  if (output === "json") {
    const shown =
      name === undefined
        ? { apiVersion: "v1", kind: "List", items: (await kube.list(resource, query)).items }
        : await kube.get(resource, name, namespace)
    if (shown === undefined) throw new Error(`${resource.plural} "${name}" not found`)
    console.log(JSON.stringify(shown, null, 2))
    return 0
  }
  const table = await readTable(resourcePath(resource, namespace, name), selectorParams(query))
  if (!table.rows?.length) console.error("No resources found")
  else print(table, output === "wide")
  return 0
}

const optional = (key: string, value: string | undefined) =>
  value === undefined ? {} : { [key]: value }

async function readTable(path: string, query: Record<string, string>): Promise<Table> {
  using transport = connect({}, systemClock)
  const answer = await transport.send({ method: "GET", path, query, accept: tableType }, timeoutMs)
  const body = JSON.parse(await readBody(answer)) as Table & { message?: string }
  if (answer.statusCode !== 200) throw new Error(body.message)
  return body
}

function print({ columnDefinitions, rows = [] }: Table, wide: boolean): void {
  const shown = columnDefinitions.flatMap((c, i) => (wide || c.priority === 0 ? [i] : []))
  const lines = [
    shown.map((i) => columnDefinitions[i]?.name.toUpperCase() ?? ""),
    ...rows.map(({ cells }) => shown.map((i) => String(cells[i] ?? ""))),
  ]
  const widths = shown.map((_, i) => Math.max(...lines.map((l) => l[i]?.length ?? 0)))
  for (const line of lines)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("   ")
        .trimEnd(),
    )
}
