import { mkdir, readFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import type { NodeRotationSpec, NodeRotationStatus } from "../../api/noderotation.ts"
import { fail } from "../../errors/catalogue.ts"
import { replaceFile } from "../replace-file.ts"
import { fileTrouble } from "../snapshot/file-trouble.ts"

/** What the operator asked for. Every terminal may write it: to start, to pause, to undo. */
export interface Wanted {
  readonly spec: NodeRotationSpec
  /** RFC 3339. */
  readonly startedAt: string
}

/** How far it is. Only the process that carries it out writes it. */
export interface Progress {
  readonly status: NodeRotationStatus
  readonly process: { readonly pid: number; readonly seenAt: string }
}

/** The record of a cluster's rotation: two halves in two files, so that no writer undoes another's words. */
export interface StateFolder {
  readonly folder: string
  wanted(): Promise<Wanted | undefined>
  progress(): Promise<Progress | undefined>
  /** Forgets the progress of an earlier rotation. */
  start(wanted: Wanted): Promise<void>
  want(wanted: Wanted): Promise<void>
  proceed(progress: Progress): Promise<void>
}

/** By the uid of the cluster's namespace kube-system, which no two clusters share. */
export function stateFolder(
  clusterUid: string,
  env: Readonly<Record<string, string | undefined>>,
): StateFolder {
  const base = env["XDG_STATE_HOME"] || join(env["HOME"] || homedir(), ".local", "state")
  const folder = join(base, "berth", "rotations", clusterUid)
  const files = { wanted: join(folder, "wanted.json"), progress: join(folder, "progress.json") }
  return {
    folder,
    async wanted() {
      const wanted = await read<Wanted>(files.wanted)
      if (wanted !== undefined && !Array.isArray(wanted.spec?.nodes))
        throw fail("rotation/bad-state", { file: files.wanted, why: "it names no nodes" })
      return wanted
    },
    async progress() {
      const progress = await read<Progress>(files.progress)
      if (progress?.status === undefined || !Array.isArray(progress.status.nodes)) return undefined
      return progress
    },
    async start(wanted) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await replaceFile(files.progress, "{}\n")
      await write(files.wanted, wanted)
    },
    want: (wanted) => write(files.wanted, wanted),
    proceed: (progress) => write(files.progress, progress),
  }
}

async function read<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    const why = error instanceof SyntaxError ? "it is not JSON" : fileTrouble(error)
    throw fail("rotation/bad-state", { file, why }, error)
  }
}

const write = (file: string, value: Wanted | Progress) =>
  replaceFile(file, `${JSON.stringify(value, null, 2)}\n`)
