/** A refusal as the kernel states it: the name of an errno and, at times, a text. Callers make kernel/refused of it. */
export class ErrnoError extends Error {
  readonly errno: string
  readonly why: string | undefined

  constructor(call: string, errno: string, why?: string) {
    super(`${call}: ${errno}${why ? ` (${why})` : ""}`)
    this.name = "ErrnoError"
    this.errno = errno
    this.why = why
  }
}

/** The errno name of an ErrnoError or of an error of Node's file calls. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof ErrnoError) return error.errno
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined
}
