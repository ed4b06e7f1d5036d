import type { ApiObject } from "../api-object.ts"
import { isObject, type JsonObject, objectAt, objectsAt, stringAt } from "../json.ts"
import { age } from "./duration.ts"

/** A column of a Table. `priority` above 0 is shown by `kubectl get -o wide` only. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  /** The cell of a stored object. */
  readonly cell: (object: ApiObject, now: number) => unknown
}

type Cell = Column["cell"]

export const text = (name: string, cell: Cell): Column => ({ name, type: "string", cell })
export const integer = (name: string, cell: Cell): Column => ({ name, type: "integer", cell })
export const boolean = (name: string, cell: Cell): Column => ({ name, type: "boolean", cell })
export const wide = (name: string, cell: Cell): Column => ({ ...text(name, cell), priority: 1 })

export const nameColumn: Column = { ...text("Name", (o) => o.metadata.name), format: "name" }
export const ageColumn: Column = text("Age", (o, now) => age(o.metadata.creationTimestamp, now))
export const createdColumn: Column = {
  ...text("Created At", (o) => o.metadata.creationTimestamp),
  type: "date",
}

export const none = "<none>"
export const orNone = (value: string): string => (value === "" ? none : value)

/** "a=b,c=d" in the order of the keys. */
export const labelsText = (labels: unknown): string =>
  orNone(
    Object.entries(isObject(labels) ? labels : {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(","),
  )

/** At most three of a list, and how many more there are. */
export const upToThree = (items: readonly string[]): string =>
  items.length <= 3
    ? orNone(items.join(","))
    : `${items.slice(0, 3).join(",")} + ${items.length - 3} more...`

/** Names and images of the containers of a pod spec. */
export const containersOf = (spec: JsonObject): { names: string; images: string } => {
  const containers = objectsAt(spec, "containers")
  return {
    names: containers.map((c) => stringAt(c, "name")).join(","),
    images: containers.map((c) => stringAt(c, "image")).join(","),
  }
}

export const templateColumns: readonly Column[] = [
  wide("Containers", (o) => containersOf(objectAt(o, "spec", "template", "spec")).names),
  wide("Images", (o) => containersOf(objectAt(o, "spec", "template", "spec")).images),
]
