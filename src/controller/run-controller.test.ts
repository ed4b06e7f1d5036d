import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { get as httpGet } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { leases } from "../api/resources.ts"
import { systemClock } from "../clock.ts"
import { memoryEc2 } from "../ec2/memory/memory-ec2.ts"
import { KubeError } from "../kube/kube.ts"
import { memoryKube } from "../kube/memory/memory-kube.ts"
import { silentLogger } from "../log.ts"
import { readConfig } from "./config.ts"
import { runController } from "./controller.ts"
import { testCloud } from "./testing/test-cloud.ts"

interface Answer {
  status: number
  body: string
}

const ask = (socketPath: string, path: string) =>
  new Promise<Answer>((resolve, reject) => {
    const request = httpGet({ socketPath, path }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    request.on("error", reject)
  })

async function until(socket: string, path: string, holds: (answer: Answer) => boolean) {
  const deadline = Date.now() + 10_000
  for (;;) {
    const answer = await ask(socket, path).catch((e: Error) => ({ status: 0, body: e.message }))
    if (holds(answer)) return answer
    assert.ok(Date.now() < deadline, answer.body)
    await delay(20)
  }
}

test("probes and metrics: not ready until the caches are, leading shown, the lease released", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-controller-"))
  const socket = join(folder, "http.sock")
  const kube = memoryKube()
  kube.setFault(({ resource }) => {
    if (resource?.kind === "ENIConfig") throw new KubeError(403, "Forbidden", "not yours")
  })
  const stop = new AbortController()
  const ec2 = memoryEc2(testCloud(systemClock, Math.random))
  const config = readConfig({
    AWS_REGION: "us-west-2",
    CLUSTER_NAME: "c",
    POD_NAME: "me",
    BERTH_METRICS_BIND_ADDRESS: `unix:${socket}`,
  })
  const ports = { kube, ec2, clock: systemClock, random: Math.random, log: silentLogger }
  const done = runController({ ...ports, config }, stop.signal)
  await until(socket, "/healthz", ({ status }) => status === 200)
  await until(
    socket,
    "/readyz",
    (a) => a.status === 503 && a.body.includes("eniConfigs: not yours"),
  )
  assert.equal((await ask(socket, "/nothing")).status, 404)
  kube.setFault(undefined)
  await until(socket, "/readyz", ({ status }) => status === 200)
  const { body } = await until(socket, "/metrics", (m) => m.body.includes("_leader 1"))
  assert.match(body, /berth_controller_informer_synced\{resource="nodes"\} 1/)
  assert.match(body, /berth_controller_interfaces\{state="Ready"\} 0/)
  stop.abort(new Error("stopped"))
  await done
  const lease = await kube.get(leases, "berth-controller", "kube-system")
  assert.equal(lease?.spec.holderIdentity, "")
  rmSync(folder, { recursive: true })
})

test("the environment: defaults, and every refusal names the variable", () => {
  const config = readConfig({})
  assert.deepEqual(
    [config.namespace, config.bindAddress, config.leaks, config.region],
    ["kube-system", ":8080", "free", undefined],
  )
  assert.equal(readConfig({ BERTH_LEAKED_INTERFACES: "report" }).leaks, "report")
  assert.throws(() => readConfig({ BERTH_LOG_LEVEL: "loud" }), {
    message: /BERTH_LOG_LEVEL: "loud"/,
  })
})
