import type { Readable, Writable } from "node:stream"

/**
 * A command as data: help, completion, the man page and docs/cli.md are made from it, and its code is loaded only when
 * it runs, so that `berth --help` costs no more than reading this table.
 */
export interface Command {
  /** Words after `berth`, such as "lab demo". */
  readonly path: string
  readonly summary: string
  readonly about?: string
  readonly args?: readonly Argument[]
  readonly options: readonly Option[]
  readonly examples: readonly string[]
  readonly load: () => Promise<{ run: (call: Call) => Promise<number> }>
}

export interface Argument {
  /** As shown: "<name>" required, "[name]" optional, "[name...]" any number. */
  readonly spec: string
  readonly about: string
  readonly choices?: readonly string[]
  /** Words that completion offers; others are taken too. */
  readonly offers?: readonly string[]
}

export interface Option {
  /** Commander's form: "-o, --output <format>". */
  readonly flags: string
  readonly about: string
  readonly choices?: readonly string[]
  readonly default?: string
  readonly required?: boolean
  /** May be given more than once. */
  readonly many?: boolean
}

/** What a command is called with. It writes only to `stdout` and `stderr` and returns its exit code. */
export interface Call {
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly stdout: Writable & { isTTY?: boolean; columns?: number }
  readonly stderr: Writable & { isTTY?: boolean; columns?: number }
  /** Read by commands that ask before they change something. */
  readonly stdin: Readable & { isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
}

/** A string option, or undefined when it was not given. */
export function text(call: Call, name: string): string | undefined {
  const value = call.options[name]
  return typeof value === "string" ? value : undefined
}

/** True when the flag was given. */
export const flag = (call: Call, name: string): boolean => call.options[name] === true

/** The values of an option that may be given more than once. */
export function list(call: Call, name: string): string[] {
  const value = call.options[name]
  return Array.isArray(value) ? value.filter((v) => typeof v === "string") : []
}
