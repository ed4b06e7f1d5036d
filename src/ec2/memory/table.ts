interface Row {
  readonly id: string
}

interface Past<T> {
  readonly at: number
  readonly id: string
  readonly before: T | undefined
}

/** What can be read of a table: now, or as it was a moment ago. */
export interface View<T extends Row> {
  get(id: string): T | undefined
  /** In order of creation. */
  all(): Iterable<T>
  /** The rows whose group is `key`, in no particular order. */
  in(key: string): T[]
}

export interface TableOptions<T extends Row> {
  readonly now: () => number
  /** How long the past is kept, in milliseconds; a describe call can lag no further. */
  readonly memoryMs: number
  readonly changed: (before: T | undefined, after: T | undefined) => void
  /** Groups rows for `in`, such as interfaces by instance. */
  readonly group?: (row: T) => string | undefined
}

/**
 * Immutable rows by id, with enough past to answer as EC2 would have answered a moment ago. A change is one `put`, so
 * a reader sees all of it or nothing.
 */
export class Table<T extends Row> implements View<T> {
  readonly #rows = new Map<string, T>()
  readonly #groups = new Map<string, Set<string>>()
  readonly #options: TableOptions<T>
  #past: Past<T>[] = []

  constructor(options: TableOptions<T>) {
    this.#options = options
  }

  get size(): number {
    return this.#rows.size
  }

  get(id: string): T | undefined {
    return this.#rows.get(id)
  }

  all(): Iterable<T> {
    return this.#rows.values()
  }

  in(key: string): T[] {
    return [...(this.#groups.get(key) ?? [])].flatMap((id) => this.#rows.get(id) ?? [])
  }

  put(row: T): T {
    const before = this.#rows.get(row.id)
    this.#remember(row.id, before)
    this.#regroup(before, row)
    this.#rows.set(row.id, row)
    this.#options.changed(before, row)
    return row
  }

  delete(id: string): void {
    const before = this.#rows.get(id)
    if (before === undefined) return
    this.#remember(id, before)
    this.#regroup(before, undefined)
    this.#rows.delete(id)
    this.#options.changed(before, undefined)
  }

  /** The table as it was at `time`; the table itself when nothing changed since. Cost: the changes since then. */
  asOf(time: number): View<T> {
    const { group } = this.#options
    const undone = new Map<string, T | undefined>()
    for (let i = this.#past.length - 1; i >= 0; i--) {
      const change = this.#past[i]
      if (change === undefined || change.at <= time) break
      undone.set(change.id, change.before)
    }
    if (undone.size === 0) return this
    const get = (id: string) => (undone.has(id) ? undone.get(id) : this.#rows.get(id))
    const rows = this.#rows
    return {
      get,
      *all() {
        for (const id of rows.keys()) {
          const row = get(id)
          if (row !== undefined) yield row
        }
        for (const [id, row] of undone) if (row !== undefined && !rows.has(id)) yield row
      },
      in: (key) =>
        [...new Set([...(this.#groups.get(key) ?? []), ...undone.keys()])]
          .flatMap((id) => get(id) ?? [])
          .filter((row) => group?.(row) === key),
    }
  }

  #remember(id: string, before: T | undefined): void {
    const { now, memoryMs } = this.#options
    if (memoryMs === 0) return
    const at = now()
    this.#past.push({ at, id, before })
    const oldest = this.#past[0]
    // Trimmed in halves, so that a burst of changes costs amortised constant time.
    if (oldest !== undefined && oldest.at < at - 2 * memoryMs)
      this.#past = this.#past.filter((p) => p.at >= at - memoryMs)
  }

  #regroup(before: T | undefined, after: T | undefined): void {
    const { group } = this.#options
    if (group === undefined) return
    const from = before && group(before)
    const to = after && group(after)
    if (from === to) return
    if (before && from !== undefined) {
      const members = this.#groups.get(from)
      members?.delete(before.id)
      if (members?.size === 0) this.#groups.delete(from)
    }
    if (after && to !== undefined) {
      const members = this.#groups.get(to) ?? new Set()
      this.#groups.set(to, members.add(after.id))
    }
  }
}
