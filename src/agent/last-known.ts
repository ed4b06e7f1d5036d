import type { NodeMode, NodeNetworkStatus } from "../api/nodenetwork.ts"
import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { SubnetPool } from "../api/subnetpool.ts"
import type { Logger } from "../log.ts"
import type { Disk } from "./disk.ts"

/** What the API last said, so that an agent that starts while the API is away can go on. Never trusted over the API. */
export interface LastKnown {
  readonly mode?: NodeMode
  readonly status?: NodeNetworkStatus
  readonly pools?: readonly SubnetPool[]
  readonly policies?: readonly SecurityGroupPolicy[]
}

/** Several changes of the same moment are one write. */
const gatherMs = 100

/** Keeps LastKnown in a file beside the journal. Losing it costs a start without the API, nothing else. */
export class LastKnownFile {
  readonly #o: { disk: Disk; path: string; log: Logger }
  #value: LastKnown
  #timer: NodeJS.Timeout | undefined

  constructor(o: { disk: Disk; path: string; log: Logger }) {
    this.#o = o
    this.#value = parse(o.disk.read(o.path))
  }

  get value(): LastKnown {
    return this.#value
  }

  remember(part: LastKnown): void {
    this.#value = { ...this.#value, ...part }
    this.#timer ??= setTimeout(() => this.flush(), gatherMs)
    this.#timer.unref()
  }

  /** Writes beside and renames, so that a crash leaves the old file or the new one. */
  flush(): void {
    if (!this.#timer) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { disk, path, log } = this.#o
    try {
      const file = disk.open(`${path}.new`, { fresh: true })
      try {
        file.write(Buffer.from(`${JSON.stringify({ version: 1, ...this.#value })}\n`))
      } finally {
        file.close()
      }
      disk.rename(`${path}.new`, path)
    } catch (error) {
      log.warn("what the API last said could not be kept", { path, why: (error as Error).message })
    }
  }
}

/** A file that cannot be read, or is of another version, is as good as none. */
function parse(bytes: Buffer | undefined): LastKnown {
  try {
    const value = JSON.parse(bytes?.toString() ?? "{}")
    return value.version === 1 ? value : {}
  } catch {
    return {}
  }
}
