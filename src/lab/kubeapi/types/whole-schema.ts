import { builtinSchema } from "./builtin-schema.ts"
import type { ResourceType } from "./resource-type.ts"
import type { Schema } from "./schema.ts"

const objectMeta = builtinSchema("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
const made = new WeakMap<ResourceType, Schema>()

/** A kind's schema with the fields that every object has, which a CRD need not spell out. */
export function wholeSchema(type: ResourceType): Schema {
  if (!type.custom) return type.schema
  const known = made.get(type)
  if (known) return known
  const own = type.schema.properties ?? {}
  const whole: Schema = {
    ...type.schema,
    properties: {
      ...own,
      apiVersion: { ...own.apiVersion, type: "string" },
      kind: { ...own.kind, type: "string" },
      metadata: objectMeta,
    },
  }
  made.set(type, whole)
  return whole
}
