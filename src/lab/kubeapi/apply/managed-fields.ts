import type { ApiObject } from "../api-object.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { Core, WriteOptions } from "../write/core.ts"

export function trackUpdate(_: {
  core: Core
  type: ResourceType
  before?: ApiObject
  after: ApiObject
  subresource: string
  options: WriteOptions
}): void {}

export const withoutManagedTimes = (object: ApiObject): ApiObject => object
