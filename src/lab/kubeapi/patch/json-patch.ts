import { clone, equal, isObject, setField } from "../json.ts"

interface Operation {
  op: string
  path: string
  from: string
  value: unknown
  hasValue: boolean
}

/** Thrown for a patch that cannot be applied; the text names the operation's path. */
export class JsonPatchError extends Error {}

/** Operations in one patch; the same bound as the API server's. */
const operationsMax = 10_000

/** RFC 6902 on a copy of `document`. */
export function jsonPatch(document: unknown, operations: readonly unknown[]): unknown {
  if (operations.length > operationsMax) {
    throw new JsonPatchError(
      `The allowed maximum operations in a JSON patch is ${operationsMax}, got ${operations.length}`,
    )
  }
  return operations.map(parse).reduce(applyOne, clone(document))
}

function parse(raw: unknown): Operation {
  const { op, path, from, value } = isObject(raw) ? raw : {}
  if (typeof op !== "string" || typeof path !== "string") {
    throw new JsonPatchError("an operation of a JSON patch needs an op and a path")
  }
  const hasValue = isObject(raw) && Object.hasOwn(raw, "value")
  return { op, path, from: typeof from === "string" ? from : "", value: value ?? null, hasValue }
}

function applyOne(document: unknown, { op, path, from, value, hasValue }: Operation): unknown {
  if (!hasValue && ["add", "replace", "test"].includes(op)) {
    throw new JsonPatchError(`${op} operation of path ${JSON.stringify(path)} has no value`)
  }
  switch (op) {
    case "add":
      return edit(document, path, (place) => insert(place, clone(value)))
    case "replace":
      return edit(document, path, (place) => {
        read(place, op)
        write(place, clone(value))
      })
    case "remove":
      return edit(document, path, (place) => {
        read(place, op)
        erase(place)
      })
    case "test":
      if (!equal(find(document, path), value)) {
        throw new JsonPatchError(`testing value ${path} failed: test failed`)
      }
      return document
    case "copy": {
      const copied = clone(find(document, from))
      return edit(document, path, (place) => insert(place, copied))
    }
    case "move": {
      if (path.startsWith(`${from}/`)) {
        throw new JsonPatchError(`cannot move ${JSON.stringify(from)} into itself`)
      }
      const moved = find(document, from)
      const without = applyOne(document, {
        op: "remove",
        path: from,
        from: "",
        value: null,
        hasValue,
      })
      return edit(without, path, (place) => insert(place, moved))
    }
    default:
      throw new JsonPatchError(`Unexpected kind: ${op}`)
  }
}

/** A member of an object or list, there or not yet. */
interface Place {
  holder: unknown
  key: string
  path: string
}

const tokens = (path: string): string[] =>
  path
    .split("/")
    .slice(1)
    .map((t) => t.replaceAll("~1", "/").replaceAll("~0", "~"))

/** Runs `change` on the place that `path` names and returns the document, which is new only for the empty path. */
function edit(document: unknown, path: string, change: (place: Place) => void): unknown {
  if (path !== "" && !path.startsWith("/")) throw missing(path, "pointer")
  const root = { document }
  const keys = path === "" ? [] : tokens(path)
  const last = keys.pop()
  if (last === undefined) change({ holder: root, key: "document", path })
  else
    change({ holder: keys.reduce((here, key) => step(here, key, path), document), key: last, path })
  return root.document
}

function find(document: unknown, path: string): unknown {
  return path === ""
    ? document
    : tokens(path).reduce((here, key) => step(here, key, path), document)
}

function step(holder: unknown, key: string, path: string): unknown {
  return read({ holder, key, path }, "path")
}

const missing = (path: string, op: string) =>
  new JsonPatchError(`${op} operation does not apply: doc is missing path: ${path}: missing value`)

function read({ holder, key, path }: Place, op: string): unknown {
  if (Array.isArray(holder)) return holder[indexIn(holder, key, holder.length - 1, path)]
  if (!isObject(holder) || !Object.hasOwn(holder, key)) throw missing(path, op)
  return holder[key]
}

function indexIn(list: readonly unknown[], key: string, most: number, path: string): number {
  const index = key === "-" ? list.length : Number(key)
  if (!/^(0|[1-9]\d*|-)$/.test(key) || index > most) {
    throw new JsonPatchError(
      `Unable to access invalid index: ${key} of ${path}: invalid index referenced`,
    )
  }
  return index
}

function insert({ holder, key, path }: Place, value: unknown): void {
  if (Array.isArray(holder)) holder.splice(indexIn(holder, key, holder.length, path), 0, value)
  else if (isObject(holder)) setField(holder, key, value)
  else throw missing(path, "add")
}

function write({ holder, key }: Place, value: unknown): void {
  if (Array.isArray(holder)) holder[Number(key)] = value
  else if (isObject(holder)) setField(holder, key, value)
}

function erase({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else if (isObject(holder)) delete holder[key]
}
