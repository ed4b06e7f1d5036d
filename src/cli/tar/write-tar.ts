import type { TarEntry } from "./read-tar.ts"

const block = 512
const nameMost = 100
const prefixMost = 155

/** A POSIX ustar archive of regular files, all of one age. Paths are at most 255 bytes, with a "/" to split them at. */
export function writeTar(entries: readonly TarEntry[], mtimeMs: number): Buffer {
  const parts = entries.flatMap(({ path, data }) => [
    headerOf(path, data.length, mtimeMs),
    data,
    Buffer.alloc((block - (data.length % block)) % block),
  ])
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}

function headerOf(path: string, size: number, mtimeMs: number): Buffer {
  const header = Buffer.alloc(block)
  const { prefix, name } = split(path)
  header.write(name, 0)
  // Mode 0600: a bundle names a whole network.
  header.write("0000600\0", 100)
  header.write("0000000\0", 108)
  header.write("0000000\0", 116)
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124)
  header.write(
    `${Math.floor(mtimeMs / 1000)
      .toString(8)
      .padStart(11, "0")}\0`,
    136,
  )
  header.write("        ", 148)
  header.write("0", 156)
  header.write("ustar\0" + "00", 257)
  header.write(prefix, 345)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return header
}

function split(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= nameMost) return { prefix: "", name: path }
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(name) <= nameMost && Buffer.byteLength(prefix) <= prefixMost)
      return { prefix, name }
  }
  throw new RangeError(`${path} is too long for a tar archive`)
}
