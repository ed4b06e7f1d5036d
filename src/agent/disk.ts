import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs"
import { dirname } from "node:path"
import { promisify } from "node:util"

/**
 * The few file operations of the journal, apart so that a test can crash between any two of them. A write reaches the
 * page cache before it returns, and so survives the death of the process; only `sync` makes it survive the machine's.
 */
export interface Disk {
  /** Undefined when there is no such file. */
  read(path: string): Buffer | undefined
  /** For appending; made when absent, emptied with `fresh`, cut to `size` bytes when given. */
  open(path: string, how: { fresh: true } | { size: number }): AppendFile
  /** Atomic; made to last by `syncFolder`. */
  rename(from: string, to: string): void
  /** Makes renames in the folder of `path` last. */
  syncFolder(path: string): void
  /** Absent is success. */
  remove(path: string): void
}

export interface AppendFile {
  write(bytes: Buffer): void
  sync(): Promise<void>
  truncate(size: number): void
  close(): void
}

const datasync = promisify(fdatasync)
/** statfs(2). */
const tmpfsMagic = 0x01021994

/** The machine's disk. Folders are made with mode 0700: the journal names every pod of the node. */
export const hostDisk: Disk = {
  read(path) {
    try {
      return readFileSync(path)
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  },
  open(path, how) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } = constants
    const flags = O_APPEND | O_CREAT | O_WRONLY | ("fresh" in how ? O_TRUNC : 0)
    const fd = openSync(path, flags, 0o600)
    if ("size" in how) ftruncateSync(fd, how.size)
    // In memory, as /var/run mostly is, there is nothing to sync: not asking saves two changes of thread.
    const inMemory = statfsSync(dirname(path)).type === tmpfsMagic
    return {
      write: (bytes) => writeAll(fd, bytes),
      sync: () => (inMemory ? Promise.resolve() : datasync(fd)),
      truncate: (size) => ftruncateSync(fd, size),
      close: () => closeSync(fd),
    }
  },
  rename: renameSync,
  syncFolder(path) {
    const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  },
  remove: (path) => rmSync(path, { force: true }),
}

// write(2) may take less than it was given, such as when the disk fills up.
function writeAll(fd: number, bytes: Buffer) {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
}

const isAbsent = (error: unknown) =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")
