import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from "node:fs"
import type { Server } from "node:net"
import { basename, dirname } from "node:path"

/**
 * Listens at a path of any length, for root only: sun_path holds 107 bytes, so the folder is named by a descriptor.
 * The socket of a dead agent is replaced; two live agents on one node are prevented by the DaemonSet.
 */
export async function listenUnix(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  const folder = openSync(dirname(path), "r")
  try {
    rmSync(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(`/proc/self/fd/${folder}/${basename(path)}`, resolve)
    })
    chmodSync(path, 0o600)
  } finally {
    closeSync(folder)
  }
}
