import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs"
import { dirname } from "node:path"
import type { Readable } from "node:stream"

/** As kubelet's containerLogMaxSize (10Mi), smaller: two such files are kept per container. */
const fileMax = 4 << 20
/** A line without end is cut here, as containerd does (16 KiB). */
const lineMax = 16_384

export interface LogQuery {
  tailLines?: number
  sinceMs?: number
  timestamps?: boolean
  limitBytes?: number
}

/** A container's log in the CRI's format (`TIME STREAM F TEXT`), in a file that is rotated by size. */
export class ContainerLog {
  readonly #file: string
  readonly #now: () => number
  readonly #followers = new Set<(line: string) => void>()
  #fd: number
  #size: number
  #closed = false

  constructor(file: string, now: () => number) {
    mkdirSync(dirname(file), { recursive: true })
    this.#file = file
    this.#now = now
    this.#fd = openSync(file, "a")
    this.#size = statSync(file).size
  }

  get closed(): boolean {
    return this.#closed
  }

  write(stream: "stdout" | "stderr", text: string): void {
    if (this.#closed) return
    const time = new Date(this.#now()).toISOString().replace("Z", "000000Z")
    const line = `${time} ${stream} F ${text}\n`
    this.#size += writeSync(this.#fd, line)
    if (this.#size > fileMax) this.#rotate()
    for (const follower of this.#followers) follower(line)
  }

  /** Writes a child's output line by line until it ends. */
  pipe(stream: "stdout" | "stderr", from: Readable | null): void {
    let rest = ""
    from?.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) this.write(stream, line)
      for (; rest.length > lineMax; rest = rest.slice(lineMax))
        this.write(stream, rest.slice(0, lineMax))
    })
    from?.on("end", () => rest !== "" && this.write(stream, rest))
  }

  /** The lines so far, formatted for `kubectl logs`. */
  read(query: LogQuery): string {
    const rotated = readIfPresent(`${this.#file}.1`)
    let lines = (rotated + readIfPresent(this.#file)).split("\n").slice(0, -1)
    const { sinceMs, tailLines, limitBytes } = query
    if (sinceMs !== undefined) lines = lines.filter((l) => timeOf(l) >= sinceMs)
    if (tailLines !== undefined) lines = tailLines === 0 ? [] : lines.slice(-tailLines)
    const text = lines.map((l) => formatLine(l, query.timestamps)).join("")
    return limitBytes === undefined ? text : text.slice(0, limitBytes)
  }

  /** Calls back with every later line in CRI format. Returns the way to stop. */
  follow(onLine: (line: string) => void): () => void {
    this.#followers.add(onLine)
    return () => void this.#followers.delete(onLine)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
    for (const follower of this.#followers) follower("")
    this.#followers.clear()
  }

  #rotate(): void {
    closeSync(this.#fd)
    renameSync(this.#file, `${this.#file}.1`)
    this.#fd = openSync(this.#file, "a")
    this.#size = 0
  }
}

function readIfPresent(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

const timeOf = (line: string) => Date.parse(line.slice(0, line.indexOf(" ")))

/** One line in CRI format as `kubectl logs` shows it. */
export function formatLine(line: string, timestamps = false): string {
  const [time, , , ...text] = line.replace(/\n$/, "").split(" ")
  return `${timestamps ? `${time} ` : ""}${text.join(" ")}\n`
}
