import { type DetailOf, isError } from "../errors/catalogue.ts"

/** The errno name of a kernel/refused error; undefined for any other error. */
export function refusalOf(error: unknown): string | undefined {
  if (!isError(error, "kernel/refused")) return undefined
  return (error.detail as DetailOf<"kernel/refused">).errno
}
