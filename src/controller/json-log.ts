import pino from "pino"
import type { Fields, Logger } from "../log.ts"
import type { LogLevel } from "./config.ts"

export interface JsonLog {
  readonly logger: Logger
  level: LogLevel
}

/** JSON lines on stdout, one per change. */
export function jsonLog(level: LogLevel): JsonLog {
  const root = pino(
    {
      level,
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label: string) => ({ level: label }) },
    },
    pino.destination({ dest: 1, sync: true }),
  )
  // A child keeps the level it was made with; asking the root lets a change at run time take effect everywhere.
  const wrap = (child: pino.Logger): Logger => {
    const write = (at: LogLevel) => (message: string, fields?: Fields) => {
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
