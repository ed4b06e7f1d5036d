import { asArray, isObject, type JsonObject } from "../json.ts"

/**
 * An OpenAPI v2 document as protobuf (gnostic's openapi.v2.Document), the only form in which client-go asks for it.
 * Written are the members that kubectl reads: definitions, and of paths the operations' parameters and extensions.
 */
export function gnosticDocument(document: JsonObject): Buffer {
  return message([
    [1, text(document.swagger)],
    [
      2,
      message([
        [1, text(fieldOf(document.info, "title"))],
        [2, text(fieldOf(document.info, "version"))],
      ]),
    ],
    [8, message(named(document.paths, 2, pathItem))],
    [9, message(named(document.definitions, 1, schema))],
  ])
}

type Part = readonly [number: number, value: Buffer | number | bigint | undefined]

const fieldOf = (value: unknown, name: string) => (isObject(value) ? value[name] : undefined)
const text = (value: unknown) => (typeof value === "string" ? Buffer.from(value) : undefined)

function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest === 0n ? low : low | 0x80)
  } while (rest !== 0n)
  return Buffer.from(bytes)
}

/** Fields in wire form: buffers with their length, integers as varints; undefined is left out. */
function message(parts: readonly Part[]): Buffer {
  const out: Buffer[] = []
  for (const [number, value] of parts) {
    if (value === undefined) continue
    if (Buffer.isBuffer(value)) out.push(varint(number * 8 + 2), varint(value.length), value)
    else out.push(varint(number * 8), varint(value))
  }
  return Buffer.concat(out)
}

/** The members of an object as repeated NamedX { name = 1, value = 2 }. */
const named = (value: unknown, number: number, encode: (value: unknown) => Buffer): Part[] =>
  Object.entries(isObject(value) ? value : {}).map(([name, member]) => [
    number,
    message([
      [1, Buffer.from(name)],
      [2, encode(member)],
    ]),
  ])

const extensions = (value: unknown, number: number): Part[] =>
  Object.entries(isObject(value) ? value : {})
    .filter(([name]) => name.startsWith("x-"))
    .map(([name, member]) => [
      number,
      message([
        [1, Buffer.from(name)],
        [2, any(member)],
      ]),
    ])

/** openapi.v2.Any: YAML text; JSON is YAML. */
const any = (value: unknown): Buffer => message([[2, Buffer.from(`${JSON.stringify(value)}\n`)]])

function schema(value: unknown): Buffer {
  const of = (name: string) => fieldOf(value, name)
  const items = of("items")
  const more = of("additionalProperties")
  return message([
    [1, text(of("$ref"))],
    [2, text(of("format"))],
    [3, text(of("title"))],
    [4, text(of("description"))],
    [5, of("default") === undefined ? undefined : any(of("default"))],
    ...asArray(of("required")).map((r): Part => [19, text(r)]),
    ...asArray(of("enum")).map((e): Part => [20, any(e)]),
    [21, more === undefined ? undefined : message([[1, schema(more)]])],
    [22, of("type") === undefined ? undefined : message([[1, text(of("type"))]])],
    [23, items === undefined ? undefined : message([[1, schema(items)]])],
    [25, of("properties") === undefined ? undefined : message(named(of("properties"), 1, schema))],
    ...extensions(value, 31),
  ])
}

const methods: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 }

const pathItem = (value: unknown): Buffer =>
  message(
    Object.entries(methods).map(([method, number]): Part => {
      const operation = fieldOf(value, method)
      return [number, operation === undefined ? undefined : encodeOperation(operation)]
    }),
  )

const encodeOperation = (value: unknown): Buffer =>
  message([
    ...asArray(fieldOf(value, "parameters")).map((p): Part => [8, parameter(p)]),
    [9, message([])],
    ...extensions(value, 13),
  ])

/** ParametersItem.parameter.nonBodyParameter.queryParameterSubSchema. */
function parameter(value: unknown): Buffer {
  const query = message([
    [2, text("query")],
    [4, text(fieldOf(value, "name"))],
    [6, text(fieldOf(value, "type"))],
  ])
  return message([[1, message([[2, message([[3, query]])]])]])
}
