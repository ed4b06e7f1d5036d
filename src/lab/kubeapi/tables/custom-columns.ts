import { parseJsonPath } from "../crd/json-path.ts"
import type { PrinterColumn } from "../types/resource-type.ts"
import { ageColumn, type Column, nameColumn } from "./column.ts"
import { age } from "./duration.ts"

/** The columns of a custom resource: its name, then those of its definition, or its age when that names none. */
export function customColumns(columns: readonly PrinterColumn[]): readonly Column[] {
  if (columns.length === 0) return [nameColumn, ageColumn]
  return [nameColumn, ...columns.map(column)]
}

function column({ jsonPath, ...shown }: PrinterColumn): Column {
  const find = parseJsonPath(jsonPath) ?? (() => [])
  return {
    ...shown,
    cell: (object, now) => {
      const values = find(object).filter((v) => v !== null && v !== undefined)
      const [value] = values
      if (value === undefined) return null
      switch (shown.type) {
        case "integer":
          return typeof value === "number" ? Math.trunc(value) : null
        case "number":
          return typeof value === "number" ? value : null
        case "boolean":
          return typeof value === "boolean" ? value : null
        case "date":
          return typeof value === "string" ? age(value, now) : null
        default:
          return values.map(textOf).join(" ")
      }
    },
  }
}

const textOf = (value: unknown): string =>
  typeof value === "object" ? JSON.stringify(value) : String(value)
