import { type DetailOf, fail, isError } from "../errors/catalogue.ts"
import { describeChange } from "./change-text.ts"
import { ErrnoError, errnoOf } from "./errno-error.ts"
import type { Change } from "./kernel.ts"

/** Runs `work`, and turns an errno into kernel/refused about `operation` on `object`. */
export function refusable<T>(operation: string, object: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw refused(operation, object, error)
  }
}

/** Carries out one change by `work`; what the change counts as success is no error. */
export function carryOut(change: Change, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (isTolerated(change, errnoOf(error))) return
    const { operation, object } = describeChange(change)
    throw refused(operation, object, error)
  }
}

/** The errno name of a kernel/refused error; undefined for any other error. */
export function refusalOf(error: unknown): string | undefined {
  if (!isError(error, "kernel/refused")) return undefined
  return (error.detail as DetailOf<"kernel/refused">).errno
}

/** `error` as kernel/refused when it carries an errno, else as it is. */
export function refused(operation: string, object: string, error: unknown): unknown {
  const errno = errnoOf(error)
  if (errno === undefined) return error
  const why = error instanceof ErrnoError && error.why ? { why: error.why } : {}
  return fail("kernel/refused", { operation, object, errno, ...why }, error)
}

/** There is nothing to remove: no such link, route (ESRCH), rule or neighbour (ENOENT), address (EADDRNOTAVAIL). */
const absent = new Set(["ENODEV", "ESRCH", "ENOENT", "EADDRNOTAVAIL"])

function isTolerated(change: Change, errno: string | undefined): boolean {
  if (errno === undefined) return false
  if (change.do === "putRule") return errno === "EEXIST"
  if (change.do === "sysctl") return change.optional === true && errno === "ENOENT"
  return change.do.startsWith("remove") && absent.has(errno)
}
