import { badRequest } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import type { ResourceType } from "../types/resource-type.ts"
import type { Core } from "./core.ts"
import type { PatchOptions } from "./patch.ts"
import type { ObjectTarget } from "./update.ts"

export async function applyPatch(
  _core: Core,
  _type: ResourceType,
  _target: ObjectTarget,
  _body: unknown,
  _options: PatchOptions,
): Promise<ApiObject> {
  throw badRequest("server-side apply is not served")
}
