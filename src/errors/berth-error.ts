/**
 * One entry of the error catalogue. `says` states what happened and to which object; `hint` says what to do.
 * `cni` is the CNI result code (CNI spec 1.1, "Error": 11 = try again later, 100+ = plugin specific).
 * `exit` follows sysexits(3) where one fits.
 */
export interface ErrorEntry<D> {
  readonly says: (detail: D) => string
  readonly hint: string | ((detail: D) => string)
  readonly cni?: number
  readonly exit?: number
}

/** Declares an entry with its detail's type inferred: `entry<{ subnet: string }>({ says: (d) => ... })`. */
export const entry = <D>(e: ErrorEntry<D>): ErrorEntry<D> => e

/** An error of the catalogue: `code` is stable and documented, `detail` is machine-readable. */
export class BerthError extends Error {
  readonly code: string
  readonly detail: unknown
  readonly hint: string
  readonly cni: number
  readonly exit: number

  constructor(code: string, e: ErrorEntry<never>, detail: unknown, cause?: unknown) {
    super(e.says(detail as never), cause === undefined ? {} : { cause })
    this.name = "BerthError"
    this.code = code
    this.detail = detail
    this.hint = typeof e.hint === "string" ? e.hint : e.hint(detail as never)
    this.cni = e.cni ?? 999
    this.exit = e.exit ?? 1
  }
}
