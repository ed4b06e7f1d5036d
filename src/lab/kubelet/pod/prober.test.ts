import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { test } from "node:test"
import { systemClock } from "../../../clock.ts"
import type { Container, Probe } from "../../loops/pod.ts"
import { type ProbeTarget, runProbe } from "./probe.ts"
import { startProber } from "./prober.ts"

async function target(answer: () => number): Promise<ProbeTarget & { port: number } & Disposable> {
  const server = createServer((_, response) => response.writeHead(answer()).end()).listen(0)
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    address: "127.0.0.1",
    connect: (host, port) => connect(port, host),
    exec: async ([program]) => (program === "true" ? 0 : 1),
    [Symbol.dispose]: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
const container = (port: number): Container => ({
  name: "c",
  ports: [{ name: "http", containerPort: port }],
})

test("HTTP, TCP and exec probes, and what they say when they fail", async () => {
  let code = 200
  using at = await target(() => code)
  const run = (probe: Probe) => runProbe(probe, container(at.port), at)
  assert.equal(await run({ httpGet: { port: "http", path: "/ready" } }), undefined)
  assert.equal(await run({ tcpSocket: { port: at.port } }), undefined)
  assert.equal(await run({ exec: { command: ["true"] } }), undefined)
  code = 503
  assert.equal(await run({ httpGet: { port: at.port } }), "HTTP probe failed with statuscode: 503")
  assert.equal(await run({ exec: { command: ["false"] } }), "command exited with 1")
  assert.match((await run({ tcpSocket: { port: 1 } })) ?? "", /ECONNREFUSED/)
})

test("readiness turns with the thresholds, and the liveness probe gives a container up", async () => {
  let code = 503
  using at = await target(() => code)
  const stop = new AbortController()
  const seen: string[] = []
  const until = async (what: string) => {
    const deadline = Date.now() + 10_000
    while (!seen.includes(what)) {
      assert.ok(Date.now() < deadline, `${what} not in ${seen}`)
      await systemClock.sleep(5)
    }
  }
  const http: Probe = { httpGet: { port: at.port }, failureThreshold: 2 }
  startProber({
    container: { ...container(at.port), readinessProbe: http, livenessProbe: http },
    target: at,
    clock: { ...systemClock, sleep: (_, signal) => systemClock.sleep(2, signal) },
    signal: stop.signal,
    onReady: (ready) => seen.push(`ready ${ready}`),
    onStarted: () => seen.push("started"),
    onFailure: (message) => seen.push(message),
    onDead: (message) => seen.push(message),
  })
  await until("Container c failed liveness probe, will be restarted")
  await until("ready false")
  code = 200
  await until("ready true")
  stop.abort()
  assert.equal(seen[0], "started")
  assert.ok(seen.includes("Readiness probe failed: HTTP probe failed with statuscode: 503"))
})
