/** What a field takes: a primitive, a list, any keys with one kind of value (`*`), or these fields. */
export type FieldType =
  | "string"
  | "number"
  | readonly [FieldType]
  | { readonly [field: string]: FieldType }

const tags = { "*": "string" } as const
const selector = {
  matchLabels: tags,
  matchExpressions: [{ key: "string", operator: "string", values: ["string"] }],
} as const

/** `spec` of the kinds that decide placements, as their definitions have it. */
export const specTypes: Readonly<Record<string, FieldType>> = {
  ENIConfig: { subnet: "string", securityGroups: ["string"] },
  SecurityGroupPolicy: {
    podSelector: selector,
    serviceAccountSelector: selector,
    securityGroups: { groupIds: ["string"] },
  },
  SubnetPool: {
    subnets: [{ id: "string", tags, cidr: "string", weight: "number", reserve: "number" }],
    securityGroups: [{ id: "string", name: "string", tags }],
    strategy: "string",
    nodeSelector: selector,
    podSelector: selector,
    namespaceSelector: selector,
    serviceAccount: "string",
    priority: "number",
    quotaPerNamespace: "number",
    sticky: { ttlSeconds: "number" },
  },
}

/**
 * Says of each value that is not of its type, and of each field that does not exist: the API server drops what it does
 * not know, without a word; mostly it is a typing error.
 */
export function checkTypes(
  field: string,
  value: unknown,
  type: FieldType,
  say: (field: string, why: string) => void,
): void {
  if (value === undefined || value === null) return
  if (typeof type === "string") {
    if (typeof value !== type) say(field, `is no ${type}`)
  } else if (isList(type)) {
    if (!Array.isArray(value)) say(field, "is no list")
    else
      for (const [i, item] of value.entries())
        if (item === null) say(`${field}[${i}]`, "is empty")
        else checkTypes(`${field}[${i}]`, item, type[0], say)
  } else if (typeof value !== "object" || Array.isArray(value)) {
    const fields = Object.keys(type)
    say(
      field,
      fields[0] === "*" ? "takes keys and values" : `takes the fields ${fields.join(", ")}`,
    )
  } else {
    for (const [key, item] of Object.entries(value)) {
      const known = type[key] ?? type["*"]
      if (known !== undefined) checkTypes(`${field}.${key}`, item, known, say)
      else say(`${field}.${key}`, `is not a field; known are ${Object.keys(type).join(", ")}`)
    }
  }
}

const isList = (type: FieldType): type is readonly [FieldType] => Array.isArray(type)
