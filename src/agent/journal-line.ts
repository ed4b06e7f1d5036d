import { crc32 } from "node:zlib"

/**
 * The journal's text form: every line is one JSON object that ends with the CRC32 of what precedes it, so that people
 * can read it with `jq` and the agent can tell a whole line from a torn one.
 */
export function encodeLine(seq: number, record: object): string {
  const body = JSON.stringify({ seq, ...record }).slice(0, -1)
  return `${body},"crc":"${checksum(body)}"}\n`
}

/** Undefined when the line is torn or altered. */
export function decodeLine(line: string): { seq: number; record: unknown } | undefined {
  const match = /^(.*),"crc":"([0-9a-f]{8})"\}$/.exec(line)
  if (!match || checksum(match[1]!) !== match[2]) return undefined
  const { seq, ...record } = JSON.parse(`${match[1]}}`)
  return { seq, record }
}

const checksum = (text: string) => crc32(text).toString(16).padStart(8, "0")

export interface JournalContent {
  /** In order of writing, the header left out. */
  records: unknown[]
  nextSeq: number
  /** Bytes up to the end of the last whole line: what follows is torn and may be cut. */
  wholeBytes: number
  /** Lines that were whole once and are no longer, or are missing: never the result of a crash. */
  damagedLines: number
  /** The header's version; undefined when the file has no readable header. */
  version: number | undefined
}

/** Reads a journal file. A torn last line is normal after a crash; damage before it is counted. */
export function decodeJournal(bytes: Buffer): JournalContent {
  const content: JournalContent = {
    records: [],
    nextSeq: 0,
    wholeBytes: 0,
    damagedLines: 0,
    version: undefined,
  }
  let damaged = 0
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    if (end < 0) break
    const line = decodeLine(bytes.toString("utf8", at, end))
    at = end + 1
    if (!line) {
      damaged++
      continue
    }
    // A bad line counts as damage only when a good one follows; at the end it is a torn write.
    content.damagedLines += Math.max(damaged, line.seq - content.nextSeq)
    damaged = 0
    content.wholeBytes = at
    content.nextSeq = line.seq + 1
    if (isHeader(line.record)) content.version = line.record.version
    else content.records.push(line.record)
  }
  return content
}

export const header = { journal: "berth-node", version: 1 }

const isHeader = (record: unknown): record is typeof header =>
  typeof record === "object" && record !== null && "journal" in record
