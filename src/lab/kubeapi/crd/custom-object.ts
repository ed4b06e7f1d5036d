import type { Cause } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import type { ResourceType } from "../types/resource-type.ts"

export function customDefaults(_type: ResourceType, _draft: ApiObject): void {}
export function customCauses(_type: ResourceType, _object: ApiObject, _old?: ApiObject): Cause[] {
  return []
}
