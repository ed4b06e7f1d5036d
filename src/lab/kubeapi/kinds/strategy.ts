import type { Cause } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import type { Core } from "../write/core.ts"

/** What a kind does besides being stored. Drafts may be changed in place; stored objects are frozen. */
export interface Strategy {
  /** Fills in what Go's defaulting would; runs on every write of the object. */
  readonly defaults?: (draft: ApiObject) => void
  readonly onCreate?: (draft: ApiObject, core: Core) => void
  readonly onUpdate?: (draft: ApiObject, old: ApiObject, core: Core) => void
  /** Complaints; for updates `old` is given, and the subresource that is written ("" for the object itself). */
  readonly validate?: (object: ApiObject, old?: ApiObject, subresource?: string) => readonly Cause[]
  /** Last word before the object is stored or changed; throws to refuse. */
  readonly admit?: (object: ApiObject, core: Core, old?: ApiObject) => void
  /** After a create or update was stored, or a removal. */
  readonly afterWrite?: (core: Core, object: ApiObject, old?: ApiObject) => void
  readonly afterRemove?: (core: Core, object: ApiObject) => void
}
