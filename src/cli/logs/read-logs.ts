import { readFile } from "node:fs/promises"
import { gunzipSync } from "node:zlib"
import { fail } from "../../errors/catalogue.ts"
import type { LogSource, Snapshot } from "../../fleet/snapshot.ts"
import { fileTrouble } from "../snapshot/file-trouble.ts"
import { parseSnapshot } from "../snapshot/snapshot-file.ts"
import { readTar } from "../tar/read-tar.ts"

export interface LogBundle {
  readonly logs: readonly LogSource[]
  /** The snapshot in a bundle of `berth debug bundle`. */
  readonly snapshot?: Snapshot
}

/** Files larger than this, unpacked, are not read: one rotated log of the plugin has 100 MB. */
const sizeMost = 1 << 30
/** Lines kept of one log, the newest: a daemon that fails says so again and again. */
const linesMost = 50_000

/**
 * An aws-node log, or a tar archive of them: EKS's log collector writes `eks_INSTANCE_TIME.tar.gz`, Berth
 * `berth debug bundle`. Rotated logs inside may be compressed once more.
 */
export async function readLogs(file: string): Promise<LogBundle> {
  const data = unpacked(await read(file), file)
  if (!isTar(data)) return { logs: [logOf(baseName(file), data, file)] }
  const logs: LogSource[] = []
  let snapshot: Snapshot | undefined
  for (const entry of readTar(data, file)) {
    if (baseName(entry.path) === "snapshot.json")
      snapshot = parseSnapshot(entry.data.toString("utf8"), `${file}:${entry.path}`)
    else if (isLog(entry.path)) logs.push(logOf(entry.path, unpacked(entry.data, file), file))
  }
  if (logs.length === 0 && snapshot === undefined)
    throw fail("cli/bad-archive", { file, why: "it holds no log of aws-node" })
  return { logs, ...(snapshot === undefined ? {} : { snapshot }) }
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw fail("cli/unreadable-file", { file, why: fileTrouble(error) }, error)
  }
}

function unpacked(data: Buffer, file: string): Buffer {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data
  try {
    return gunzipSync(data, { maxOutputLength: sizeMost })
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
        ? "it is larger than 1 GiB"
        : "its compression is damaged"
    throw fail("cli/bad-archive", { file, why }, error)
  }
}

const isTar = (data: Buffer) => data.toString("latin1", 257, 262) === "ustar"

const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1)

/** Logs of the plugin by their names: ipamd.log, plugin.log, aws-node-x7k2p.log, and what kubectl logs was sent to. */
const isLog = (path: string) =>
  /(?:ipamd|plugin|aws-node|berth|controller)[^/]*\.(?:log|txt)(?:[.-][^/]*)?(?:\.gz)?$/i.test(
    path,
  ) || /aws-routed-eni\/|logs\/[^/]+\.log$/.test(path)

function logOf(path: string, data: Buffer, file: string): LogSource {
  if (data.subarray(0, 4096).includes(0))
    throw fail("cli/bad-archive", { file, why: `${path} is neither text nor a tar archive` })
  const lines = data.toString("utf8").split("\n")
  if (lines.at(-1) === "") lines.pop()
  const node = nodeOf(path) ?? nodeOf(baseName(file))
  return { name: path, ...(node === undefined ? {} : { node }), lines: lines.slice(-linesMost) }
}

/** The node or instance that a path names: `ip-10-0-0-7.us-west-2.compute.internal`, `eks_i-0abc_2026-...`. */
const nodeOf = (path: string): string | undefined =>
  /(?:^|[/_-])(ip-\d+-\d+-\d+-\d+(?:\.[a-z0-9-]+)*\.internal|i-[0-9a-f]{8,17})(?=$|[/_.-])/.exec(
    path,
  )?.[1]
