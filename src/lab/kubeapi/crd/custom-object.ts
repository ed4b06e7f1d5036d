import type { Cause } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import type { ResourceType } from "../types/resource-type.ts"
import { applyDefaults } from "./defaulting.ts"
import { hasRules, ruleCauses } from "./rules.ts"
import { validate } from "./validate.ts"

/** Fills in the defaults that a custom resource's schema names, in place; of the status only where that is written. */
export function customDefaults(type: ResourceType, draft: ApiObject, statusOnly = false): void {
  if (!statusOnly) applyDefaults(type.schema, draft)
  else if (type.schema.properties?.status)
    applyDefaults(type.schema.properties.status, draft.status)
}

/** Complaints of a custom resource's schema; its CEL rules are asked only of what has the right shape. */
export function customCauses(type: ResourceType, object: ApiObject, old?: ApiObject): Cause[] {
  const causes = validate(type.schema, object)
  if (causes.some((c) => blocking.has(c.reason ?? ""))) {
    return hasRules(type.schema) ? [...causes, notChecked] : causes
  }
  return [...causes, ...ruleCauses(type.schema, object, old)]
}

/** Complaints after which an object is too far from its schema for rules to be asked. */
const blocking = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
])

const notChecked: Cause = {
  reason: "FieldValueInvalid",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  field: "<nil>",
}
