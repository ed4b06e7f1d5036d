// Goal: the lab's API server is a Kube like the others, in process and through the client over HTTP.
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { systemClock } from "../../clock.ts"
import { clientKube } from "../../kube/client/client-kube.ts"
import { kubeCases } from "../../kube/testing/kube-cases.ts"
import { applyManifests, readManifestFolder } from "../world/apply-manifests.ts"
import { createKubeApi, type KubeApi } from "./kube-api.ts"
import { serveKubeApi } from "./testing/serve-kube-api.ts"

const definitions = readManifestFolder(join(import.meta.dirname, "../../../crds"))

async function start(): Promise<KubeApi> {
  const api = createKubeApi({ clock: systemClock })
  const { signal } = new AbortController()
  await applyManifests({ kube: api.kube, clock: systemClock, signal }, definitions)
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
  const stack = new DisposableStack()
  let kubeconfig = ""
  before(async () => {
    const api = stack.use(await start())
    kubeconfig = stack.use(await serveKubeApi(api)).kubeconfig
  })
  after(() => stack.dispose())
  for (const [name, run] of Object.entries(kubeCases)) {
    test(name, async () => {
      using kube = clientKube({ kubeconfig })
      await run(kube)
    })
  }
})
