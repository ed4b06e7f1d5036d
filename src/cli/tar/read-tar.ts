import { fail } from "../../errors/catalogue.ts"

export interface TarEntry {
  readonly path: string
  readonly data: Buffer
}

const block = 512

/**
 * Regular files of a tar archive (POSIX ustar and pax, GNU long names), as views of `archive`. Everything else in it is
 * passed over. Throws `cli/bad-archive` for a damaged header or an archive that ends in the middle.
 */
export function* readTar(archive: Buffer, file: string): Generator<TarEntry> {
  let longName: string | undefined
  for (let at = 0; at + block <= archive.length; ) {
    const header = archive.subarray(at, at + block)
    // Two blocks of zeros end an archive.
    if (header.every((byte) => byte === 0)) return
    if (checksumOf(header) !== octal(header, 148, 8))
      throw fail("cli/bad-archive", { file, why: `its header at byte ${at} is damaged` })
    const size = octal(header, 124, 12)
    const data = archive.subarray(at + block, at + block + size)
    if (data.length < size)
      throw fail("cli/bad-archive", { file, why: "it ends in the middle (an interrupted copy?)" })
    const type = String.fromCharCode(header[156] ?? 0)
    if (type === "L") longName = textOf(data)
    else if (type === "x") longName = paxPath(data) ?? longName
    else {
      if (type === "0" || type === "\0") yield { path: longName ?? nameOf(header), data }
      longName = undefined
    }
    at += block + Math.ceil(size / block) * block
  }
}

const textOf = (bytes: Buffer) => {
  const end = bytes.indexOf(0)
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end)
}

const field = (header: Buffer, at: number, length: number) =>
  textOf(header.subarray(at, at + length))

const octal = (header: Buffer, at: number, length: number) =>
  Number.parseInt(field(header, at, length).trim() || "0", 8)

function nameOf(header: Buffer): string {
  const prefix = field(header, 257, 5) === "ustar" ? field(header, 345, 155) : ""
  const name = field(header, 0, 100)
  return prefix === "" ? name : `${prefix}/${name}`
}

/** The sum of the header's bytes, its own field taken as spaces. */
function checksumOf(header: Buffer): number {
  let sum = 0
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 32 : (header[i] ?? 0)
  return sum
}

/** pax records are "LENGTH KEY=VALUE\n". */
function paxPath(data: Buffer): string | undefined {
  return /^\d+ path=(.*)$/m.exec(data.toString("utf8"))?.[1]
}
