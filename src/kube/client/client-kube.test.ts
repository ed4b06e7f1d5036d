// Goal: the client does what the twin does, on the lab's API over HTTP; and it copes with what servers do to clients.
import assert from "node:assert/strict"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type RequestListener, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { eniConfigs, pods } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import { createKubeApi } from "../../lab/kubeapi/kube-api.ts"
import { applyManifests } from "../../testing/apply-manifests.ts"
import { KubeError } from "../kube.ts"
import { kubeCases } from "../testing/kube-cases.ts"
import { clientKube } from "./client-kube.ts"

/** An HTTP server and a kubeconfig that leads to it. */
async function serve(handler: RequestListener, user: object = {}) {
  const server = createServer(handler).listen(0, "127.0.0.1")
  await once(server, "listening")
  const folder = mkdtempSync(join(tmpdir(), "berth-kube-"))
  const kubeconfig = join(folder, "config")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      "current-context": "c",
      // The official client speaks plain HTTP only when told that TLS does not matter.
      clusters: [{ name: "c", cluster: { server: url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    }),
  )
  const stop = () => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  }
  return { kubeconfig, folder, [Symbol.dispose]: stop }
}

describe("the lab's API over HTTP", () => {
  const api = createKubeApi({ clock: systemClock })
  let served: Awaited<ReturnType<typeof serve>>
  before(async () => {
    served = await serve(api.handler)
    await applyManifests(served.kubeconfig, "crds")
  })
  after(() => {
    served[Symbol.dispose]()
    api[Symbol.dispose]()
  })
  for (const [name, run] of Object.entries(kubeCases))
    test(name, async () => {
      using kube = clientKube({ kubeconfig: served.kubeconfig })
      await run(kube)
    })
})

const json = (response: ServerResponse, status: number, body: object, headers = {}) =>
  response
    .writeHead(status, { "content-type": "application/json", ...headers })
    .end(JSON.stringify(body))

const statusOf = (code: number, reason: string, details?: object) => ({
  ...{ kind: "Status", code, reason, message: `${reason} it is`, details },
})

test("a busy server that says when to come back is asked again", async () => {
  let asked = 0
  using served = await serve((_, response) => {
    if (++asked < 3)
      return void json(response, 429, statusOf(429, "TooManyRequests"), { "retry-after": "0" })
    json(response, 200, { metadata: { name: "a" } })
  })
  using kube = clientKube({ kubeconfig: served.kubeconfig })
  assert.equal((await kube.get(eniConfigs, "a"))?.metadata.name, "a")
  assert.equal(asked, 3)
})

test("absence is what the API says of the object, not of its type or of a proxy", async () => {
  let answer: [number, object | string] = [404, statusOf(404, "NotFound", { name: "a" })]
  using served = await serve((_, response) => {
    const [code, body] = answer
    if (typeof body === "string") response.writeHead(code).end(body)
    else json(response, code, body)
  })
  using kube = clientKube({ kubeconfig: served.kubeconfig })
  assert.equal(await kube.get(eniConfigs, "a"), undefined)
  for (const other of [
    [404, statusOf(404, "NotFound")],
    [404, "404 page not found"],
    [403, statusOf(403, "Forbidden", { name: "a" })],
    [502, "<html>bad gateway</html>"],
  ] as [number, object | string][]) {
    answer = other
    await assert.rejects(kube.get(eniConfigs, "a"), (e) => e instanceof KubeError)
  }
})

test("a server that cannot be reached is Unreachable, with status 0", async () => {
  const served = await serve(() => {})
  using kube = clientKube({ kubeconfig: served.kubeconfig })
  served[Symbol.dispose]()
  await assert.rejects(kube.get(eniConfigs, "a"), { status: 0, reason: "Unreachable" })
})

test("a list is read page by page", async () => {
  using served = await serve((request, response) => {
    const next = new URL(request.url ?? "", "http://x").searchParams.get("continue")
    const items = [{ metadata: { name: next ? "b" : "a" } }]
    json(response, 200, { metadata: { resourceVersion: "7", continue: next ? "" : "more" }, items })
  })
  using kube = clientKube({ kubeconfig: served.kubeconfig })
  const { items, resourceVersion } = await kube.list(pods)
  assert.deepEqual(
    items.map((i) => [i.kind, i.metadata.name]),
    [
      ["Pod", "a"],
      ["Pod", "b"],
    ],
  )
  assert.equal(resourceVersion, "7")
})

for (const [what, write] of [
  ["breaks off", (r: ServerResponse) => r.destroy()],
  ["sends a broken line", (r: ServerResponse) => r.end('{"type":"ADDED","obj\n')],
  [
    "says that the version is too old",
    (r: ServerResponse) =>
      r.end(`${JSON.stringify({ type: "ERROR", object: statusOf(410, "Expired") })}\n`),
  ],
] as const)
  test(`a watch that ${what} rejects: no event is dropped silently`, async () => {
    using served = await serve((_, response) => {
      const event = { type: "ADDED", object: { metadata: { name: "a", resourceVersion: "8" } } }
      response.writeHead(200)
      response.write(`${JSON.stringify(event)}\n`, () => write(response))
    })
    using kube = clientKube({ kubeconfig: served.kubeconfig })
    const seen: string[] = []
    const signal = new AbortController().signal
    await assert.rejects(async () => {
      for await (const event of kube.watch(pods, { resourceVersion: "7", signal }))
        seen.push(event.type)
    }, KubeError)
    assert.deepEqual(seen, ["BOOKMARK", "ADDED"])
  })

test("credentials of a plugin are asked for once, sent, and renewed after a 401", async () => {
  const seen: (string | undefined)[] = []
  const handler: RequestListener = (request, response) => {
    seen.push(request.headers.authorization)
    if (request.headers.authorization === "Bearer token-1" && seen.length > 2)
      return void json(response, 401, statusOf(401, "Unauthorized"))
    json(response, 200, { metadata: { name: "a" } })
  }
  const folder = mkdtempSync(join(tmpdir(), "berth-exec-"))
  const script = join(folder, "plugin.mjs")
  // Counts its runs, and says what kubectl's plugins say.
  writeFileSync(
    script,
    `import { appendFileSync, readFileSync } from "node:fs"
     appendFileSync("${folder}/runs", "x")
     const n = readFileSync("${folder}/runs", "utf8").length
     const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
     if (info.kind !== "ExecCredential" || process.env.EXTRA !== "1") process.exit(1)
     console.log(JSON.stringify({ kind: "ExecCredential", status: { token: "token-" + n } }))`,
  )
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    args: [script],
    env: [{ name: "EXTRA", value: "1" }],
  }
  using served = await serve(handler, { exec })
  using kube = clientKube({ kubeconfig: served.kubeconfig })
  await Promise.all([kube.get(eniConfigs, "a"), kube.get(eniConfigs, "b")])
  await kube.get(eniConfigs, "c")
  assert.deepEqual(seen, ["Bearer token-1", "Bearer token-1", "Bearer token-1", "Bearer token-2"])
  rmSync(folder, { recursive: true })
})

test("a plugin that fails says so, with its own words", async () => {
  const args = ["-e", "console.error('run aws sso login'); process.exit(2)"]
  const apiVersion = "client.authentication.k8s.io/v1"
  using served = await serve(() => {}, { exec: { apiVersion, command: process.execPath, args } })
  using kube = clientKube({ kubeconfig: served.kubeconfig })
  await assert.rejects(kube.get(eniConfigs, "a"), {
    code: "kube/no-credentials",
    message: /run aws sso login/,
  })
})

test("the official client serves auth-provider users", async () => {
  const seen: (string | undefined)[] = []
  const config = { "access-token": "from-provider", expiry: "2999-01-01T00:00:00Z" }
  using served = await serve(
    (request, response) => {
      seen.push(request.headers.authorization)
      json(response, 200, { metadata: { name: "a" } })
    },
    { "auth-provider": { name: "gcp", config } },
  )
  using kube = clientKube({ kubeconfig: served.kubeconfig })
  await kube.get(eniConfigs, "a")
  assert.deepEqual(seen, ["Bearer from-provider"])
})

test("an unusable kubeconfig is refused at once, with file and reason", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-config-"))
  const file = join(folder, "config")
  const refused = (content: string, why: RegExp) => {
    writeFileSync(file, content)
    assert.throws(() => clientKube({ kubeconfig: file }), { code: "kube/bad-config", message: why })
  }
  refused("a: [", /not YAML: [^\n]+$/)
  refused("{current-context: x, contexts: [{name: a, context: {}}]}", /"x" \(there are: a\)/)
  refused("[]", /not a kubeconfig/)
  refused("{}", /current-context/)
  refused("current-context: x", /no context named "x"/)
  rmSync(folder, { recursive: true })
  assert.throws(() => clientKube({ kubeconfig: file }), { code: "kube/bad-config" })
})

test("several kubeconfig files merge, the first to name an entry wins, paths are the file's own", async () => {
  const seen: (string | undefined)[] = []
  using served = await serve((request, response) => {
    seen.push(request.headers.authorization)
    json(response, 200, { metadata: { name: "a" } })
  })
  const users = join(served.folder, "users")
  writeFileSync(join(served.folder, "token"), "from-file\n")
  writeFileSync(
    users,
    JSON.stringify({
      "current-context": "other",
      users: [{ name: "more", user: { tokenFile: "token" } }],
      contexts: [
        { name: "other", context: { cluster: "c", user: "more" } },
        { name: "c", context: { cluster: "nowhere", user: "more" } },
      ],
    }),
  )
  const env = { KUBECONFIG: `${served.kubeconfig}:${users}` }
  using current = clientKube({ env })
  await current.get(eniConfigs, "a")
  using other = clientKube({ env, context: "other" })
  await other.get(eniConfigs, "a")
  assert.deepEqual(seen, [undefined, "Bearer from-file"])
})
