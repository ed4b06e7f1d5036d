// Goal: the lab's API server is a Kube like the others, in process and through the client over HTTP.

import { once } from "node:events"
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { parse } from "yaml"
import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import { clientKube } from "../../kube/client/client-kube.ts"
import { kubeCases } from "../../kube/testing/kube-cases.ts"
import { createKubeApi, type KubeApi } from "./kube-api.ts"

const definitions: Resource<KubeObject> = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
}

async function start(): Promise<KubeApi> {
  const api = createKubeApi({ clock: systemClock })
  for (const file of globSync(join(import.meta.dirname, "../../../crds/*.yaml"))) {
    await api.kube.create(definitions, parse(readFileSync(file, "utf8")))
  }
  return api
}

describe("in process", () => {
  for (const [name, run] of Object.entries(kubeCases)) {
    test(name, async () => {
      using api = await start()
      await run(api.kube)
    })
  }
})

describe("through the client", () => {
  const stack = new AsyncDisposableStack()
  let kubeconfig = ""
  before(async () => {
    const api = stack.use(await start())
    const server = createServer(api.handler).listen(0, "127.0.0.1")
    await once(server, "listening")
    stack.defer(() => {
      server.closeAllConnections()
      server.close()
    })
    const folder = mkdtempSync(join(tmpdir(), "kube-cases-"))
    stack.defer(() => rmSync(folder, { recursive: true }))
    kubeconfig = join(folder, "kubeconfig")
    const { port } = server.address() as AddressInfo
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "lab", cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: "lab", user: {} }],
      contexts: [{ name: "lab", context: { cluster: "lab", user: "lab" } }],
      "current-context": "lab",
    }
    writeFileSync(kubeconfig, JSON.stringify(config))
  })
  after(() => stack.disposeAsync())
  for (const [name, run] of Object.entries(kubeCases)) {
    test(name, async () => {
      using kube = clientKube({ kubeconfig })
      await run(kube)
    })
  }
})
