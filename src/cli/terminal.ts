import { styleText } from "node:util"
import type { Call } from "./command.ts"

/** How a command may write: in colour and to which width. Output that goes to a file or a pipe has neither. */
export interface Terminal {
  /** Columns; undefined when nothing must be cut or broken. */
  readonly width: number | undefined
  readonly paint: (style: Style, text: string) => string
}

export type Style = "red" | "yellow" | "green" | "dim" | "bold"

/** The terminal that stdout goes to. NO_COLOR (no-color.org) turns colours off. */
export function terminalOf({ stdout, env }: Pick<Call, "stdout" | "env">): Terminal {
  const colour = stdout.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb"
  return {
    width: stdout.isTTY ? (stdout.columns ?? 80) : undefined,
    paint: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
  }
}

/** For output that is no terminal. */
export const plain: Terminal = { width: undefined, paint: (_, text) => text }
