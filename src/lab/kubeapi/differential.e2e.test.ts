// Goal: the lab's API server answers as a real kube-apiserver does, word for word, but for what differs between any
// two servers (testing/normalise.ts).
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, describe, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { systemClock } from "../../clock.ts"
import { createKubeApi } from "./kube-api.ts"
import { cases } from "./testing/differential-cases.ts"
import { customCases, definitionCase } from "./testing/differential-crd-cases.ts"
import type { Case } from "./testing/differential-step.ts"
import { watchCases } from "./testing/differential-watch-cases.ts"
import { normalise } from "./testing/normalise.ts"
import { startRealApiServer } from "./testing/real-api-server.ts"
import { type Endpoint, send } from "./testing/send.ts"

const assets = process.env.KUBEBUILDER_ASSETS
const skip =
  assets === undefined ? "KUBEBUILDER_ASSETS is not set: no kube-apiserver to compare with" : false

async function startLab(): Promise<Endpoint & AsyncDisposable> {
  const api = createKubeApi({ clock: systemClock })
  const server = createServer(api.handler).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      api[Symbol.dispose]()
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}

describe("the lab's API server and a real one", { skip }, () => {
  const stack = new AsyncDisposableStack()
  let real: Endpoint
  let lab: Endpoint
  before(async () => {
    real = stack.use(await startRealApiServer(assets ?? ""))
    lab = stack.use(await startLab())
    // A real one without controllers lacks the account that pods need.
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }
    const path = "/api/v1/namespaces/default/serviceaccounts"
    await send(real, { method: "POST", path, body: account })
  })
  after(() => stack.disposeAsync())

  const compare = (c: Case) => {
    void test(c.name, async () => {
      for (const [index, step] of c.steps.entries()) {
        const [expected, actual] = [await send(real, step), await send(lab, step)]
        const what = `step ${index}: ${step.method} ${step.path} ${JSON.stringify(step.body)}`
        assert.deepEqual(normalise(actual), normalise(expected), what)
      }
    })
  }

  for (const c of [...cases, ...watchCases, definitionCase]) compare(c)
  test("the definition comes to be served", async () => {
    const path = "/apis/example.com/v1/things"
    for (let i = 0; i < 100; i++) {
      if ((await send(real, { method: "GET", path })).status === 200) return
      await sleep(100)
    }
    assert.fail("the real server does not serve the definition")
  })
  for (const c of customCases) compare(c)
})
