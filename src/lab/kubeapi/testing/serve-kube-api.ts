import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { kubeconfig } from "../../world/kubeconfig.ts"
import type { KubeApi } from "../kube-api.ts"

export interface ServedKubeApi extends Disposable {
  /** Path. */
  readonly kubeconfig: string
  /** Where the kubeconfig lies; goes with the server. */
  readonly folder: string
}

/** Serves the API on a port of 127.0.0.1. */
export async function serveKubeApi({ handler }: KubeApi): Promise<ServedKubeApi> {
  const server = createServer(handler).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), "berth-kube-api-"))
  const file = join(folder, "kubeconfig")
  writeFileSync(file, kubeconfig({ name: "lab", server: `http://127.0.0.1:${port}` }))
  return {
    kubeconfig: file,
    folder,
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
