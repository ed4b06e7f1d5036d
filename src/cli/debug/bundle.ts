import type { Unread } from "../../fleet/snapshot.ts"
import type { TarEntry } from "../tar/read-tar.ts"

/** A bundle in the making: files under one folder, and what could not be had. */
export class Bundle {
  readonly folder: string
  readonly entries: TarEntry[] = []
  readonly unread: Unread[] = []

  constructor(folder: string) {
    this.folder = folder
  }

  add(path: string, content: string): void {
    if (content !== "")
      this.entries.push({ path: `${this.folder}/${path}`, data: Buffer.from(content) })
  }

  /** Adds what `read` gives, or notes why it gives nothing: one missing right must not cost the rest. */
  async attempt(path: string, read: () => Promise<string>): Promise<void> {
    try {
      this.add(path, await read())
    } catch (error) {
      this.unread.push({ what: path, why: error instanceof Error ? error.message : String(error) })
    }
  }
}
