import type { AppendFile, Disk } from "../disk.ts"

/** Thrown by every operation from the crash on. */
export class Crash extends Error {}

interface Inode {
  /** What a process that starts again on the same machine reads. */
  cached: Buffer
  /** What is left when the machine lost power: always a prefix of some moment's content. */
  durable: Buffer
}

export interface Faults {
  /** The number of the operation at which the process dies; the operation itself happens by half. */
  crashAt?: number
  /** The machine loses power as well: what was not synced is gone, but for `keep` bytes of it. */
  powerLoss?: { keep: number }
  /** Operations that fail without a crash, such as a full disk. */
  failAt?: ReadonlySet<number>
}

/** A disk in memory that counts its operations, fails or dies at a chosen one, and shows what a restart finds. */
export class FaultyDisk implements Disk {
  readonly #faults: Faults
  #cachedNames = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()
  operations = 0

  constructor(faults: Faults = {}, names: ReadonlyMap<string, Buffer> = new Map()) {
    this.#faults = faults
    for (const [name, content] of names) {
      const inode = { cached: content, durable: content }
      this.#cachedNames.set(name, inode)
      this.#durableNames.set(name, inode)
    }
  }

  /** The disk as the next start of the agent finds it. */
  restarted(faults: Faults = {}): FaultyDisk {
    const lost = this.#faults.powerLoss
    const names = lost ? this.#durableNames : this.#cachedNames
    const content = (inode: Inode) =>
      lost ? inode.cached.subarray(0, inode.durable.length + lost.keep) : inode.cached
    return new FaultyDisk(
      faults,
      new Map([...names].map(([name, inode]) => [name, Buffer.from(content(inode))])),
    )
  }

  /** Runs `effect` unless the process is dead or the operation is to fail; `half` is what a crash leaves of it. */
  #operation(effect: () => void, half: () => void = () => {}) {
    const number = this.operations++
    const { crashAt = Number.POSITIVE_INFINITY, failAt } = this.#faults
    if (number === crashAt) half()
    if (number >= crashAt) throw new Crash(`crashed at operation ${crashAt}`)
    if (failAt?.has(number)) {
      half()
      throw new Error("ENOSPC: no space left on device, write")
    }
    effect()
  }

  read(path: string) {
    return this.#cachedNames.get(path)?.cached
  }

  open(path: string, how: { fresh: true } | { size: number }): AppendFile {
    const inode = this.#cachedNames.get(path) ?? {
      cached: Buffer.alloc(0),
      durable: Buffer.alloc(0),
    }
    this.#operation(() => {
      this.#cachedNames.set(path, inode)
      // A file that is made is found after a power loss only when its folder was synced; one that was there stays.
      inode.cached = inode.cached.subarray(0, "size" in how ? how.size : 0)
      inode.durable = inode.durable.subarray(0, inode.cached.length)
    })
    const write = (bytes: Buffer) => {
      inode.cached = Buffer.concat([inode.cached, bytes])
    }
    return {
      write: (bytes) =>
        this.#operation(
          () => write(bytes),
          () => write(bytes.subarray(0, bytes.length / 2)),
        ),
      sync: async () => {
        const size = inode.cached.length
        await Promise.resolve()
        this.#operation(() => {
          inode.durable = inode.cached.subarray(0, size)
        })
      },
      truncate: (size) =>
        this.#operation(() => {
          inode.cached = inode.cached.subarray(0, size)
        }),
      close: () => {},
    }
  }

  rename(from: string, to: string) {
    this.#operation(() => {
      const inode = this.#cachedNames.get(from)
      if (!inode) throw new Error(`ENOENT: ${from}`)
      this.#cachedNames.delete(from)
      this.#cachedNames.set(to, inode)
    })
  }

  syncFolder() {
    this.#operation(() => {
      this.#durableNames = new Map(this.#cachedNames)
    })
  }

  remove(path: string) {
    this.#operation(() => this.#cachedNames.delete(path))
  }
}
