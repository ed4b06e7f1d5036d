import { KubeError } from "../../kube/kube.ts"
import type { JsonObject } from "./json.ts"

/** One complaint about a field: the reason and text are those of apimachinery's field.Error. */
export interface Cause {
  reason?: string
  message: string
  field?: string
}

/** The group and name by which messages call an object: "pods" or "deployments.apps". */
export interface Subject {
  group: string
  plural: string
  kind: string
}

interface Details {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: Cause[]
  retryAfterSeconds?: number
}

/** A failure with the Status object that Kubernetes answers. The reason and the texts are what clients print. */
export class ApiError extends KubeError {
  readonly details: Details | undefined

  constructor(status: number, reason: string, message: string, details?: Details) {
    super(status, reason, message)
    this.name = "ApiError"
    this.details = details
  }

  toStatus(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.status,
    }
  }
}

const qualified = (s: Subject) => (s.group === "" ? s.plural : `${s.plural}.${s.group}`)
const about = (s: Subject, name: string): Details => ({
  ...(name === "" ? {} : { name }),
  ...(s.group === "" ? {} : { group: s.group }),
  kind: s.plural,
})

export const notFound = (s: Subject, name: string) =>
  new ApiError(404, "NotFound", `${qualified(s)} "${name}" not found`, about(s, name))

export const alreadyExists = (s: Subject, name: string) =>
  new ApiError(409, "AlreadyExists", `${qualified(s)} "${name}" already exists`, about(s, name))

export const conflict = (s: Subject, name: string, why: string) =>
  new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(s)} "${name}": ${why}`,
    about(s, name),
  )

export const stale = (s: Subject, name: string) =>
  conflict(
    s,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  )

export const forbidden = (s: Subject, name: string, why: string) =>
  new ApiError(
    403,
    "Forbidden",
    name === ""
      ? `${qualified(s)} is forbidden: ${why}`
      : `${qualified(s)} "${name}" is forbidden: ${why}`,
    about(s, name),
  )

export const badRequest = (message: string) => new ApiError(400, "BadRequest", message)

export const expired = (message: string) => new ApiError(410, "Expired", message)

export const methodNotAllowed = () =>
  new ApiError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  )

export const noSuchResource = () =>
  new ApiError(404, "NotFound", "the server could not find the requested resource", {})

export const tooManyRequests = (message: string, cause?: Cause) =>
  new ApiError(429, "TooManyRequests", message, cause ? { causes: [cause] } : {})

/** 422 for an object that breaks the rules of its kind; several complaints are listed in brackets. */
export function invalid(s: Subject, name: string, causes: readonly Cause[]): ApiError {
  const texts = [...new Set(causes.map((c) => `${c.field}: ${c.message}`))]
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`
  return new ApiError(
    422,
    "Invalid",
    `${s.kind}${s.group === "" ? "" : `.${s.group}`} "${name}" is invalid: ${list}`,
    {
      ...(name === "" ? {} : { name }),
      ...(s.group === "" ? {} : { group: s.group }),
      kind: s.kind,
      causes: [...causes],
    },
  )
}

const shown = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : JSON.stringify(value ?? null)

/** Complaints as apimachinery's validation/field package words them. */
export const complaint = {
  required: (field: string, detail = ""): Cause => ({
    reason: "FieldValueRequired",
    message: detail === "" ? "Required value" : `Required value: ${detail}`,
    field,
  }),
  invalid: (field: string, value: unknown, detail: string): Cause => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${shown(value)}: ${detail}`,
    field,
  }),
  notSupported: (field: string, value: unknown, supported: readonly string[]): Cause => ({
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown(value)}: supported values: ${supported.map((v) => JSON.stringify(v)).join(", ")}`,
    field,
  }),
  duplicate: (field: string, value: unknown): Cause => ({
    reason: "FieldValueDuplicate",
    message: `Duplicate value: ${shown(value)}`,
    field,
  }),
  forbidden: (field: string, detail: string): Cause => ({
    reason: "FieldValueForbidden",
    message: `Forbidden: ${detail}`,
    field,
  }),
  notFound: (field: string, value: unknown): Cause => ({
    reason: "FieldValueNotFound",
    message: `Not found: ${shown(value)}`,
    field,
  }),
}
