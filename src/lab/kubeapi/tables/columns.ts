import type { ResourceType } from "../types/resource-type.ts"
import { ageColumn, type Column, nameColumn } from "./column.ts"
import { coreColumns } from "./core-columns.ts"
import { customColumns } from "./custom-columns.ts"
import { groupColumns } from "./group-columns.ts"
import { podColumns } from "./pod-columns.ts"

const plain: readonly Column[] = [nameColumn, ageColumn]
const custom = new WeakMap<ResourceType, readonly Column[]>()

/** What `kubectl get` shows of a kind. */
export function columnsOf(type: ResourceType): readonly Column[] {
  if (type.custom) {
    const columns = custom.get(type) ?? customColumns(type.custom.columns)
    custom.set(type, columns)
    return columns
  }
  if (type.collection === "/pods") return podColumns
  const [group = "", plural = ""] = type.collection.split("/")
  return (group === "" ? coreColumns[plural] : groupColumns[type.collection]) ?? plain
}
