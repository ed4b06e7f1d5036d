import { fail } from "../errors/catalogue.ts"
import type { AppendFile, Disk } from "./disk.ts"
import { decodeJournal, encodeLine, header } from "./journal-line.ts"

export interface JournalOptions<R extends object> {
  disk: Disk
  path: string
  /** The records that stand for all that is remembered now, including what is being appended. */
  snapshot: () => R[]
  /** A compaction starts when this many lines were appended since the last one. */
  maxLines?: number
}

/** What the journal held when it was opened. */
export interface Recovered {
  records: unknown[]
  /** Lines lost to other causes than a crash: the caller checks what it can against the kernel. */
  damagedLines: number
  /** False on a first start, or after a reboot with the state folder in memory. */
  existed: boolean
}

/**
 * An append-only log of what the agent must not forget. Records that arrive while a sync runs share the next one, so
 * thirty ADDs at once cost two syncs. The owner changes its own state first and appends second, so that a snapshot
 * taken at any moment holds every record written before it.
 */
export class Journal<R extends object> implements AsyncDisposable {
  readonly #o: JournalOptions<R>
  #file: LogFile
  /** While compacting: the new file. Every record goes into both, so the rename may happen at any moment. */
  #next: LogFile | undefined
  #seq: number
  #linesSinceCompaction = 0
  #broken = false
  #syncing: Promise<void> | undefined
  #waiting: Promise<void> | undefined
  #compacting: Promise<void> | undefined

  /** Reads what is there, cuts a torn tail, and opens for appending. */
  static open<R extends object>(o: JournalOptions<R>): [Journal<R>, Recovered] {
    const bytes = o.disk.read(o.path)
    const content = decodeJournal(bytes ?? Buffer.alloc(0))
    const { records, damagedLines, version } = content
    if (version !== undefined && version !== header.version) {
      throw fail("agent/journal-version", { path: o.path, version })
    }
    o.disk.remove(`${o.path}.new`)
    return [new Journal(o, content), { records, damagedLines, existed: bytes !== undefined }]
  }

  private constructor(o: JournalOptions<R>, found: { nextSeq: number; wholeBytes: number }) {
    this.#o = o
    this.#seq = found.nextSeq
    this.#file = new LogFile(o.disk.open(o.path, { size: found.wholeBytes }), found.wholeBytes)
    if (found.nextSeq > 0) return
    this.#write(header)
    o.disk.syncFolder(o.path)
  }

  /**
   * The record is in the page cache when this returns (it survives a kill), and on disk when the promise resolves.
   * Rejects with agent/journal-failed; the record is then not remembered.
   */
  append(record: R): Promise<void> {
    if (this.#broken) {
      this.compact().catch(() => {})
      return Promise.reject(this.#failed("waits for the file to be rewritten"))
    }
    try {
      this.#write(record)
    } catch (error) {
      return Promise.reject(this.#failed(error))
    }
    if (++this.#linesSinceCompaction > (this.#o.maxLines ?? 10_000)) this.compact().catch(() => {})
    return this.#commit()
  }

  /** Replaces the file by one that holds only the snapshot. Appends go on meanwhile. */
  compact(): Promise<void> {
    this.#compacting ??= this.#rewrite().finally(() => {
      this.#compacting = undefined
    })
    return this.#compacting
  }

  async #rewrite() {
    const { disk, path, snapshot } = this.#o
    this.#linesSinceCompaction = 0
    const next = new LogFile(disk.open(`${path}.new`, { fresh: true }), 0)
    const old = this.#file
    try {
      const lines = [header, ...snapshot()].map((record, seq) => encodeLine(seq, record))
      next.write(Buffer.from(lines.join("")))
      // From here the old file sees the new one's numbers; a reader takes a step back for what it is.
      this.#seq = lines.length
      this.#next = next
      await next.sync()
      if (this.#next !== next) throw new Error("the new file could not be written")
      disk.rename(`${path}.new`, path)
      this.#file = next
    } catch (error) {
      next.close()
      throw this.#failed(error)
    } finally {
      this.#next = undefined
    }
    try {
      disk.syncFolder(path)
      this.#broken = false
    } catch (error) {
      // The name may still mean the old file after a power loss, and nobody writes that one any more.
      this.#broken = true
      throw this.#failed(error)
    } finally {
      await this.#syncing?.catch(() => {})
      old.close()
    }
  }

  #write(record: object) {
    const line = Buffer.from(encodeLine(this.#seq, record))
    try {
      this.#file.write(line)
    } catch (error) {
      this.#broken ||= this.#file.torn
      throw error
    }
    this.#seq++
    try {
      this.#next?.write(line)
    } catch {
      // The new file misses a record now: the compaction gives up, the old file stays.
      this.#next = undefined
    }
  }

  /** Joins the sync that starts next: the one under way may have begun before this record was written. */
  #commit(): Promise<void> {
    this.#waiting ??= this.#sync()
    return this.#waiting
  }

  async #sync() {
    await this.#syncing?.catch(() => {})
    this.#syncing = this.#waiting
    this.#waiting = undefined
    try {
      await Promise.all([this.#file.sync(), this.#next?.sync()])
    } catch (error) {
      // After one failed sync the kernel may have dropped the dirty pages: only a new file can be trusted.
      this.#broken = true
      throw this.#failed(error)
    }
  }

  #failed(error: unknown) {
    const why = error instanceof Error ? error.message : String(error)
    return fail("agent/journal-failed", { path: this.#o.path, why }, error)
  }

  async [Symbol.asyncDispose]() {
    await this.#compacting?.catch(() => {})
    await this.#waiting?.catch(() => {})
    await this.#syncing?.catch(() => {})
    this.#file.close()
  }
}

/** A file and the length of its whole lines: half a line followed by others would be damage, so it is cut off again. */
class LogFile {
  readonly #file: AppendFile
  #bytes: number
  torn = false

  constructor(file: AppendFile, bytes: number) {
    this.#file = file
    this.#bytes = bytes
  }

  write(bytes: Buffer) {
    try {
      this.#file.write(bytes)
      this.#bytes += bytes.length
    } catch (error) {
      this.torn = true
      this.#file.truncate(this.#bytes)
      this.torn = false
      throw error
    }
  }

  sync = () => this.#file.sync()
  close = () => this.#file.close()
}
