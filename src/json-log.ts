import pino from "pino"
import type { Fields, Logger } from "./log.ts"

export const logLevels = ["debug", "info", "warn", "error", "fatal"] as const
export type LogLevel = (typeof logLevels)[number]

export interface JsonLog {
  readonly logger: Logger
  /** May be changed at run time, for every child too. */
  level: LogLevel
}

/** JSON lines, one per change; on stdout unless another destination is given. */
export function jsonLog(
  level: LogLevel,
  destination: pino.DestinationStream = pino.destination({ dest: 1, sync: true }),
): JsonLog {
  const options = {
    level,
    base: null,
    timestamp: () => `,"ts":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const root = pino(options, destination)
  // Children copy their level when they are made; asking the root keeps a change at run time effective everywhere.
  const wrap = (child: pino.Logger): Logger => {
    const write =
      (at: "debug" | "info" | "warn" | "error") => (message: string, fields?: Fields) => {
        if (root.isLevelEnabled(at)) child[at](fields ?? {}, message)
      }
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
      child: (fields) => wrap(child.child(fields, { level: "trace" })),
    }
  }
  return {
    logger: wrap(root),
    get level() {
      return root.level as LogLevel
    },
    set level(next) {
      root.level = next
    },
  }
}
