import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs"
import { dirname } from "node:path"
import pino from "pino"
import { type JsonLog, jsonLog, type LogLevel } from "../json-log.ts"

export interface AgentLog extends JsonLog {
  /** Writes what is buffered; for the end of the process. */
  flush(): void
}

/** The original rotates at the same size and keeps as many. */
const rotateBytes = 100 * 1024 * 1024
const keptFiles = 5
const lookEveryMs = 60_000

/** JSON lines; `target` is stdout, stderr or a file. */
export function agentLog(level: LogLevel, target: string): AgentLog {
  const file = target === "stdout" || target === "stderr" ? undefined : target
  if (file) mkdirSync(dirname(file), { recursive: true })
  const stream = pino.destination({ dest: file ?? (target === "stderr" ? 2 : 1), sync: true })
  if (file) {
    const timer = setInterval(() => {
      if (rotate(file)) stream.reopen()
    }, lookEveryMs)
    timer.unref()
  }
  const log = jsonLog(level, stream)
  return Object.assign(log, { flush: () => stream.flushSync() })
}

/** True when the file was moved away. */
export function rotate(file: string, limitBytes = rotateBytes): boolean {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < limitBytes) return false
  rmSync(`${file}.${keptFiles}`, { force: true })
  for (let n = keptFiles - 1; n >= 1; n--) {
    if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`)
  }
  renameSync(file, `${file}.1`)
  return true
}
