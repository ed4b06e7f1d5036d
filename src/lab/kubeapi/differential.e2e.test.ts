// Goal: the lab's API server answers as a real kube-apiserver does, word for word, but for what differs between any
// two servers (testing/normalise.ts).
import assert from "node:assert/strict"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, describe, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { isDeepStrictEqual } from "node:util"
import { systemClock } from "../../clock.ts"
import { noRealApiServer, realApiServer } from "../../testing/real-api-server.ts"
import { objectsAt, stringAt } from "./json.ts"
import { createKubeApi } from "./kube-api.ts"
import {
  type CompactTypes,
  compactTypes,
  type OpenApiDocument,
  tableKinds,
} from "./testing/compact-types.ts"
import { cases } from "./testing/differential-cases.ts"
import { customCases, definitionCase } from "./testing/differential-crd-cases.ts"
import type { Case, Step } from "./testing/differential-step.ts"
import { watchCases } from "./testing/differential-watch-cases.ts"
import {
  policyCase,
  policyCases,
  webhookCases,
  webhookConfiguration,
} from "./testing/differential-webhook-cases.ts"
import { goFields, goPackages } from "./testing/go-fields.ts"
import { normalise } from "./testing/normalise.ts"
import { type Answer, type Endpoint, send } from "./testing/send.ts"
import { webhookServer } from "./testing/webhook-server.ts"

/** The part of the table that OpenAPI tells: without protobuf numbers, and what Go does with zero values. */
const withoutGo = (table: CompactTypes): CompactTypes =>
  Object.fromEntries(
    Object.entries(table).map(([name, fields]) => [
      name,
      Object.fromEntries(
        Object.entries(fields).map(([field, text]) => [
          field,
          field === "" ? text : text.replace(/^\S+ /, "").replace(/ (pointer|null)(?= |$)/g, ""),
        ]),
      ),
    ]),
  )

function endpointOf(kubeconfig: string): Endpoint {
  const config: unknown = JSON.parse(readFileSync(kubeconfig, "utf8"))
  const [cluster] = objectsAt(config, "clusters")
  const [user] = objectsAt(config, "users")
  return { origin: stringAt(cluster, "cluster", "server"), token: stringAt(user, "user", "token") }
}

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

async function settled(endpoint: Endpoint, step: Step): Promise<Answer> {
  for (let tries = 100; ; tries -= 1) {
    const answer = await send(endpoint, step)
    if (answer.status !== step.whileStatus || tries === 0) return answer
    await sleep(100)
  }
}

describe("the lab's API server and a real one", { skip: noRealApiServer ?? false }, () => {
  const stack = new AsyncDisposableStack()
  let real: Endpoint
  let lab: Endpoint
  before(async () => {
    const { kubeconfig } = stack.use(await realApiServer({ serviceAccounts: true }))
    real = endpointOf(kubeconfig)
    lab = stack.use(await startLab())
    // A real one without controllers lacks the account that pods need.
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }
    const path = "/api/v1/namespaces/default/serviceaccounts"
    await send(real, { method: "POST", path, body: account })
  })
  after(() => stack.disposeAsync())

  test("the table of built-in types is that of the real server", async () => {
    const documents: OpenApiDocument[] = []
    for (const groupVersion of new Set(
      [...tableKinds].map((k) => k.slice(0, k.lastIndexOf("/"))),
    )) {
      const path = groupVersion === "/v1" ? "api/v1" : `apis/${groupVersion}`
      const reply = await send(real, { method: "GET", path: `/openapi/v3/${path}` })
      documents.push(reply.body as OpenApiDocument)
    }
    // GO_MODULES names the folder of the k8s.io modules of the same version; then the table is written anew.
    const modules = process.env.GO_MODULES
    if (modules !== undefined) {
      const table = compactTypes(documents, tableKinds, goFields(goPackages(modules)))
      writeFileSync(
        new URL("types/builtin-types.json", import.meta.url),
        `${JSON.stringify(table, null, 2)}\n`,
      )
    }
    const written: CompactTypes = JSON.parse(
      readFileSync(new URL("types/builtin-types.json", import.meta.url), "utf8"),
    )
    assert.deepEqual(withoutGo(written), withoutGo(compactTypes(documents, tableKinds, new Map())))
  })

  const compare = (c: Case) => {
    void test(c.name, async () => {
      for (const [index, step] of c.steps.entries()) {
        // What has come by the end of a watch depends on how busy the machine is.
        for (let again = step.path.includes("watch=true") ? 2 : 0; ; again -= 1) {
          const [expected, actual] = [
            normalise(await settled(real, step)),
            normalise(await send(lab, step)),
          ]
          if (again > 0 && !isDeepStrictEqual(actual, expected)) continue
          const what = `step ${index}: ${step.method} ${step.path} ${JSON.stringify(step.body)}`
          assert.deepEqual(actual, expected, what)
          break
        }
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

  test("a validating webhook comes to be asked by both", async () => {
    const hook = stack.use(await webhookServer())
    const url = `https://127.0.0.1:${hook.port}/validate`
    const body = webhookConfiguration({ url, caBundle: hook.caBundle })
    const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    for (const server of [real, lab]) await send(server, { method: "POST", path, body })
    await refused(webhookCases, 400)
  })
  for (const c of webhookCases) compare(c)
  compare(policyCase)
  test("the admission policy comes into force", () => refused(policyCases, 422))
  for (const c of policyCases) compare(c)

  /** Waits until the real server refuses the first step, as it does once its caches know of the refuser. */
  async function refused([first]: readonly Case[], status: number): Promise<void> {
    const [step] = first?.steps ?? []
    assert.ok(step)
    const path = step.path.includes("?") ? step.path : `${step.path}?dryRun=All`
    for (let i = 0; i < 100; i++) {
      if ((await send(real, { ...step, path })).status === status) return
      await sleep(100)
    }
    assert.fail("the real server does not refuse")
  }
})
