import type { Clock } from "../../clock.ts"
import type { Fields, Logger } from "../../log.ts"

/** One JSON line per event on `out`: the launcher collects it in world.log. */
export function lineLogger(
  out: { write(text: string): unknown },
  clock: Clock,
  fields: Fields = {},
): Logger {
  const write = (level: string) => (message: string, more?: Fields) => {
    const time = new Date(clock.now()).toISOString()
    out.write(`${JSON.stringify({ time, level, message, ...fields, ...more })}\n`)
  }
  return {
    debug: () => {},
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (more) => lineLogger(out, clock, { ...fields, ...more }),
  }
}
