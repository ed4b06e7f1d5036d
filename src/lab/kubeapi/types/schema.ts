/**
 * What the server knows of a kind's fields: a structural OpenAPI v3 schema. For custom resources it is the object of
 * the CRD itself; for built-in kinds it is expanded from builtin-types.json. One walk serves both.
 */
export interface Schema {
  /** Full name of the built-in type this node stands for. */
  readonly ref?: string
  /** Protobuf field number of a built-in field; "2.6" is field 6 of the inlined struct at 2. */
  readonly number?: string
  /** True where Go tells a zero value from an absent one. */
  readonly pointer?: boolean
  /** What Go writes for an absent built-in field; undefined where it leaves the field out. */
  readonly zero?: unknown
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly nullable?: boolean
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly not?: Schema
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean
  readonly "x-kubernetes-embedded-resource"?: boolean
  readonly "x-kubernetes-int-or-string"?: boolean
  readonly "x-kubernetes-list-type"?: string
  readonly "x-kubernetes-list-map-keys"?: readonly string[]
  readonly "x-kubernetes-map-type"?: string
  readonly "x-kubernetes-patch-strategy"?: string
  readonly "x-kubernetes-patch-merge-key"?: string
  readonly "x-kubernetes-validations"?: readonly ValidationRule[]
}

export interface ValidationRule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/** The schema of the elements of a map, undefined when any value is allowed or none is. */
export const elementSchema = (schema: Schema): Schema | undefined =>
  typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined

/** The schema of a member of an object: its property, else the map's element. */
export function memberSchema(schema: Schema | undefined, field: string): Schema | undefined {
  if (schema === undefined) return undefined
  return schema.properties !== undefined && Object.hasOwn(schema.properties, field)
    ? schema.properties[field]
    : elementSchema(schema)
}
