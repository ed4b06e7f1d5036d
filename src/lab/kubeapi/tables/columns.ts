import type { ApiObject } from "../api-object.ts"
import type { ResourceType } from "../types/resource-type.ts"
import { age } from "./duration.ts"

/** A column of a Table: `priority` above 0 is shown by `kubectl get -o wide` only. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly cell: (object: ApiObject, now: number) => unknown
}

export const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  cell: (o) => o.metadata.name,
}

export const ageColumn: Column = {
  name: "Age",
  type: "string",
  cell: (o, now) => age(o.metadata.creationTimestamp, now),
}

export const columnsOf = (_type: ResourceType): readonly Column[] => [nameColumn, ageColumn]
