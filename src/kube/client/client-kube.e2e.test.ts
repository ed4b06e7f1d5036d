// Goal: the client does what the twin does, on a real kube-apiserver with the CRDs as shipped.
import { after, before, describe, test } from "node:test"
import { applyManifests } from "../../testing/apply-manifests.ts"
import {
  noRealApiServer,
  type RealApiServer,
  realApiServer,
} from "../../testing/real-api-server.ts"
import { kubeCases } from "../testing/kube-cases.ts"
import { clientKube } from "./client-kube.ts"

describe("kube-apiserver", { skip: noRealApiServer ?? false }, () => {
  let server: RealApiServer
  before(async () => {
    server = await realApiServer()
    await applyManifests(server.kubeconfig, "crds")
  })
  after(() => server[Symbol.asyncDispose]())
  for (const [name, run] of Object.entries(kubeCases))
    test(name, async () => {
      using kube = clientKube({ kubeconfig: server.kubeconfig })
      await run(kube)
    })
})
