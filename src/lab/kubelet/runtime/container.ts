import type { ContainerLog } from "./container-log.ts"

export interface Exit {
  exitCode: number
  signal?: number
  reason: string
}

/** A running container of either kind. */
export interface RunningContainer {
  readonly id: string
  readonly startedAt: number
  readonly log: ContainerLog
  /** Of a real process; absent for the servers inside this process. */
  readonly pid?: number
  readonly exited: Promise<Exit>
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it has exited. */
  stop(graceMs: number): Promise<void>
}
