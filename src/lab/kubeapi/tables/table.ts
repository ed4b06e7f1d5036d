import type { ApiObject } from "../api-object.ts"
import type { JsonObject } from "../json.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { Core } from "../write/core.ts"
import { out } from "../write/create.ts"
import type { Column } from "./column.ts"
import { columnsOf } from "./columns.ts"

export interface TableOptions {
  /** Version of meta.k8s.io that the client asked for. */
  readonly version: string
  /** None, Metadata or Object: what each row carries besides its cells. */
  readonly include: string
}

/** A meta.k8s.io Table of stored objects, as kubectl prints them. */
export function tableOf(
  core: Core,
  type: ResourceType,
  objects: readonly ApiObject[],
  options: TableOptions,
): JsonObject {
  const columns = columnsOf(type)
  const now = core.clock.now()
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata: { resourceVersion: objects.length === 1 ? objects[0]?.metadata.resourceVersion : "" },
    columnDefinitions: columns.map(definition),
    rows: objects.map((o) => ({
      cells: columns.map((c) => c.cell(o, now)),
      ...included(out(type, o), options),
    })),
  }
}

const definition = ({ name, type, format = "", description = "", priority = 0 }: Column) => ({
  name,
  type,
  format,
  description,
  priority,
})

function included(object: ApiObject, options: TableOptions): JsonObject {
  if (options.include === "None") return {}
  if (options.include === "Object") return { object }
  const { metadata } = object
  return {
    object: {
      kind: "PartialObjectMetadata",
      apiVersion: `meta.k8s.io/${options.version}`,
      metadata,
    },
  }
}
