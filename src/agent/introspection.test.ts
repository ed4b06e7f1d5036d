import assert from "node:assert/strict"
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { pods } from "../api/resources.ts"
import { agentLog, rotate } from "./agent-log.ts"
import { agentWorld, until } from "./testing/agent-world.ts"
import { askSocket } from "./testing/ask-socket.ts"
import { podInterface, primaryInterface, testPod } from "./testing/fake-controller.ts"

test("humans and Prometheus are told what the agent knows", async () => {
  using world = await agentWorld({ IP_COOLDOWN_PERIOD: "0" })
  await using agent = await world.start()
  const socket = join(world.folder, "introspection.sock")
  const get = (path: string) => askSocket(socket, path)
  assert.equal((await get("/healthz")).status, 200)
  const early = await get("/readyz")
  assert.equal(early.status, 503)
  assert.match(early.text, /no interface serves pods yet/)
  await until("spec", () => world.controller.read())
  await world.controller.grant([primaryInterface(), podInterface(1, 3)])
  await until("ready", async () => (await get("/readyz")).status === 200)
  await world.cni("ADD", "a")
  await world.kube.create(pods, testPod("b", world.node))
  await until("b waits", () => agent.supply.waiting.byPlacement.get("node")?.length === 1)
  const enis = JSON.parse((await get("/v1/enis")).text)
  assert.deepEqual(enis.interfaces[1].counts, { held: 1, cooling: 0, free: 2 })
  assert.deepEqual(JSON.parse((await get("/v1/waiting")).text).pods[0].pods, ["default/b"])
  assert.equal(JSON.parse((await get("/v1/pods")).text)[0].held.address, "100.64.1.11")
  assert.equal(JSON.parse((await get("/v1/environment")).text).MY_NODE_NAME, "n1")
  // Whether pods can be attached is looked at ten times a second.
  const started = 'awscni_ipamd_node_initialization_duration_seconds_count{success="true"} 1'
  const text = await until("the start is measured", async () => {
    const metrics = await get("/metrics")
    return metrics.text.includes(started) && metrics.text
  })
  for (const line of [
    'awscni_connmark_backend{backend="nftables"} 1',
    'awscni_reconcile_count{fn="eniReconcileAdd"} 2',
    "awscni_force_removed_ips 0",
    "awscni_total_ip_addresses 3",
    "awscni_assigned_ip_addresses 1",
    'awscni_assigned_ip_per_eni{eni="eni-1"} 1',
    "awscni_ip_max 42",
    "awscni_add_ip_req_count 1",
    'berth_addresses{placement="node",subnet="subnet-pods-1",state="free"} 2',
    'berth_pods_waiting{placement="node"} 1',
    'berth_cni_calls_total{command="ADD",code=""} 1',
    "berth_ready 1",
  ]) {
    assert.ok(text.split("\n").includes(line), `${line} in\n${text}`)
  }
  assert.equal((await get("/nothing")).status, 404)
  assert.equal((await askSocket(socket, "/readyz", "POST")).status, 404)
})

test("W42: the log level changes at run time, everywhere; nonsense is refused", async () => {
  using world = await agentWorld()
  await using _ = await world.start()
  const socket = join(world.folder, "introspection.sock")
  assert.equal((await askSocket(socket, "/v1/loglevel", "PUT", "verbose")).status, 400)
  assert.equal((await askSocket(socket, "/v1/loglevel", "PUT", "x".repeat(100_000))).status, 500)
  assert.equal((await askSocket(socket, "/v1/loglevel", "PUT", "debug")).status, 200)
  assert.equal(JSON.parse((await askSocket(socket, "/v1/loglevel")).text).level, "debug")
})

test("log lines are JSON of the chosen level, also of children made before a change; a full file is moved away", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-log-"))
  try {
    const file = join(folder, "logs", "agent.log")
    const log = agentLog("info", file)
    const child = log.logger.child({ node: "n1" })
    child.debug("unseen")
    child.info("seen", { count: 1 })
    log.level = "debug"
    child.debug("seen too")
    const lines = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((l) => JSON.parse(l))
    assert.deepEqual(
      lines.map((l) => [l.level, l.msg, l.node]),
      [
        ["info", "seen", "n1"],
        ["debug", "seen too", "n1"],
      ],
    )
    writeFileSync(`${file}.1`, "older")
    truncateSync(file, 2000)
    assert.equal(rotate(file, 1000), true)
    assert.equal(readFileSync(`${file}.2`, "utf8"), "older")
    assert.equal(existsSync(file), false)
    assert.equal(rotate(file, 1000), false)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
