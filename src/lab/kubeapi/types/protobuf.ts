import { badRequest } from "../api-error.ts"
import { asObject, type JsonObject, setField } from "../json.ts"
import { elementSchema, type Schema } from "./schema.ts"

/**
 * Reads request bodies in Kubernetes' protobuf form, which the typed clients of kubectl 1.32 and later send for
 * built-in kinds. Replies are always JSON, which the same clients accept.
 */

/** The four bytes before the envelope, "k8s" and a zero (runtime/serializer/protobuf). */
const magic = Buffer.from("k8s\0")

/** A body as its JSON object; `schemaFor` finds the kind's schema. Throws 400 when it is not in the form. */
export function parseProtobuf(
  body: Buffer,
  schemaFor: (apiVersion: string, kind: string) => Schema | undefined,
): JsonObject {
  if (!body.subarray(0, 4).equals(magic)) {
    throw badRequest("provided data does not appear to be a protobuf message, expected prefix k8s")
  }
  let raw: Buffer = Buffer.alloc(0)
  let apiVersion = ""
  let kind = ""
  for (const { number, bytes } of fieldsOf(body.subarray(4))) {
    if (number === 2) raw = bytes
    if (number !== 1) continue
    for (const part of fieldsOf(bytes)) {
      if (part.number === 1) apiVersion = part.bytes.toString()
      if (part.number === 2) kind = part.bytes.toString()
    }
  }
  const schema = schemaFor(apiVersion, kind)
  if (schema === undefined)
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`,
    )
  return { apiVersion, kind, ...message(schema, raw) }
}

interface Field {
  readonly number: number
  /** Of wire type 2; empty otherwise. */
  readonly bytes: Buffer
  /** Of the other wire types. */
  readonly value: bigint
  readonly wire: number
}

const none = Buffer.alloc(0)

function* fieldsOf(data: Buffer): IterableIterator<Field> {
  const reader = { data, at: 0 }
  while (reader.at < data.length) {
    const tag = Number(varint(reader))
    const [number, wire] = [tag >>> 3, tag & 7]
    if (wire === 2) {
      const length = Number(varint(reader))
      if (reader.at + length > data.length) throw truncated()
      yield { number, wire, value: 0n, bytes: data.subarray(reader.at, reader.at + length) }
      reader.at += length
    } else if (wire === 0) yield { number, wire, value: varint(reader), bytes: none }
    else if (wire === 1) yield { number, wire, value: fixed(reader, 8), bytes: none }
    else if (wire === 5) yield { number, wire, value: fixed(reader, 4), bytes: none }
    else throw badRequest(`proto: illegal wireType ${wire}`)
  }
}

const truncated = () => badRequest("proto: unexpected end of the message")

interface Reader {
  readonly data: Buffer
  at: number
}

function varint(reader: Reader): bigint {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.data[reader.at++]
    if (byte === undefined) throw truncated()
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw badRequest("proto: integer overflow")
}

function fixed(reader: Reader, size: 4 | 8): bigint {
  if (reader.at + size > reader.data.length) throw truncated()
  const value =
    size === 8
      ? reader.data.readBigUInt64LE(reader.at)
      : BigInt(reader.data.readUInt32LE(reader.at))
  reader.at += size
  return value
}

/** The fields of a message type by number; an inlined struct is a map of its own. */
type Numbers = Map<number, { name: string; schema: Schema } | Numbers>

const known = new WeakMap<object, Numbers>()

function numbersOf(schema: Schema): Numbers {
  const properties = schema.properties ?? {}
  const found = known.get(properties)
  if (found) return found
  const numbers: Numbers = new Map()
  for (const [name, property] of Object.entries(properties)) {
    const path = property.number?.split(".").map(Number) ?? []
    const last = path.pop()
    if (last === undefined) continue
    let level = numbers
    for (const n of path) {
      const inner = level.get(n)
      const next: Numbers = inner instanceof Map ? inner : new Map()
      level.set(n, next)
      level = next
    }
    level.set(last, { name, schema: property })
  }
  known.set(properties, numbers)
  return numbers
}

function message(schema: Schema, data: Buffer): JsonObject {
  const out: JsonObject = {}
  readInto(out, numbersOf(schema), data)
  return out
}

function readInto(out: JsonObject, numbers: Numbers, data: Buffer): void {
  for (const field of fieldsOf(data)) {
    const target = numbers.get(field.number)
    if (target === undefined) continue
    if (target instanceof Map) readInto(out, target, field.bytes)
    else add(out, target.name, target.schema, field)
  }
}

function add(out: JsonObject, name: string, schema: Schema, field: Field): void {
  const element = elementSchema(schema)
  if (schema.type === "array") {
    const list = Array.isArray(out[name]) ? out[name] : []
    out[name] = [...list, value(schema.items ?? {}, field)]
  } else if (element) {
    let key = ""
    let member: unknown
    for (const part of fieldsOf(field.bytes)) {
      if (part.number === 1) key = part.bytes.toString()
      else member = value(element, part)
    }
    const map = { ...asObject(out[name]) }
    setField(map, key, member ?? "")
    out[name] = map
  } else out[name] = value(schema, field)
}

function value(schema: Schema, field: Field): unknown {
  const name = schema.ref?.split(".").at(-1) ?? ""
  const special = wrapped[name]
  if (special) return special(field.bytes)
  if (schema.type === "object" && schema.properties) return message(schema, field.bytes)
  switch (schema.type ?? "") {
    case "boolean":
      return field.value !== 0n
    case "integer":
      return Number(BigInt.asIntN(64, field.value))
    case "number":
      return new Float64Array(new BigUint64Array([field.value]).buffer)[0] ?? 0
    case "array":
      // A list of lists is a message with one repeated field (authorization ExtraValue).
      return [...fieldsOf(field.bytes)].map((f) => value(schema.items ?? {}, f))
    default:
      return schema.format === "byte" ? field.bytes.toString("base64") : field.bytes.toString()
  }
}

const one = (data: Buffer, number: number) => [...fieldsOf(data)].find((f) => f.number === number)

/** Types whose JSON is not that of their message. */
const wrapped: Readonly<Record<string, (data: Buffer) => unknown>> = {
  Quantity: (data) => one(data, 1)?.bytes.toString() ?? "0",
  IntOrString: (data) =>
    one(data, 1)?.value === 1n
      ? (one(data, 3)?.bytes.toString() ?? "")
      : Number(BigInt.asIntN(64, one(data, 2)?.value ?? 0n)),
  Time: (data) => time(data, 0),
  MicroTime: (data) => time(data, 6),
  RawExtension: json,
  FieldsV1: json,
  JSON: json,
}

function json(data: Buffer): unknown {
  const text = one(data, 1)?.bytes.toString() ?? ""
  return text === "" ? null : JSON.parse(text)
}

/** An empty message is Go's zero time, which JSON writes as null. */
function time(data: Buffer, digits: number): string | null {
  const seconds = one(data, 1)?.value
  if (seconds === undefined) return null
  const text = new Date(Number(BigInt.asIntN(64, seconds)) * 1000).toISOString().slice(0, 19)
  const nanos = Number(one(data, 2)?.value ?? 0n)
  return `${text}${digits === 0 ? "" : `.${String(nanos).padStart(9, "0").slice(0, digits)}`}Z`
}
