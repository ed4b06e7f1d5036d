import type { KubeObject } from "../../api/meta.ts"
import type { BerthError } from "../../errors/berth-error.ts"

/** Something that speaks against an object. Denials keep it from being written, warnings are shown to who writes it. */
export interface AdmissionFinding {
  readonly verdict: "deny" | "warn"
  /** Such as `SubnetPool/web`, with the namespace where there is one: `SecurityGroupPolicy/shop/db`. */
  readonly object: string
  readonly code: string
  readonly message: string
  readonly hint: string
}

export const deny = (object: string, error: BerthError): AdmissionFinding => ({
  verdict: "deny",
  ...said(object, error),
})

export const warn = (object: string, error: BerthError): AdmissionFinding => ({
  verdict: "warn",
  ...said(object, error),
})

const said = (object: string, { code, message, hint }: BerthError) => ({
  object,
  code,
  message,
  hint,
})

export function nameOf({ kind, metadata }: Pick<KubeObject, "kind" | "metadata">): string {
  const namespace = metadata.namespace === undefined ? "" : `${metadata.namespace}/`
  return `${kind}/${namespace}${metadata.name}`
}

/** The first three of a list, and how many more there are. */
export function firstOf(names: readonly string[]): string {
  const some = names.slice(0, 3).join(", ")
  return names.length > 3 ? `${some} and ${names.length - 3} more` : some
}
