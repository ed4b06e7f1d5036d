import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { pods } from "../api/resources.ts"
import { agentWorld, until } from "./testing/agent-world.ts"
import { podInterface, primaryInterface, testPod } from "./testing/fake-controller.ts"

test("a pod gets an address of the granted interface, wired and journalled, and DEL gives it back", async () => {
  using world = await agentWorld()
  await using agent = await world.start()
  await until("spec written", () => world.controller.read())
  await world.controller.grant([primaryInterface(), podInterface(1, 3)])
  world.kernel.create(join(world.folder, "c1"))
  const added = await world.cni("ADD", "c1")
  assert.equal(added.code, 0, JSON.stringify(added.output))
  assert.equal((added.output.ips as { address: string }[])[0]?.address, "100.64.1.11/32")
  assert.equal(agent.book.attachments().length, 1)
  await until("CNI configuration", () => existsSync(join(world.folder, "net.d", "10-aws.conflist")))
  assert.match(
    readFileSync(join(world.folder, "journal.jsonl"), "utf8"),
    /"op":"hold".*100\.64\.1\.11/,
  )
  assert.deepEqual(await world.cni("DEL", "c1"), { code: 0, output: {} })
  assert.deepEqual(await world.cni("DEL", "c1"), { code: 0, output: {} })
  assert.equal(agent.book.attachments().length, 0)
})

test("demand counts pods from the moment they are bound", async () => {
  using world = await agentWorld()
  await using _ = await world.start()
  await until("spec written", () => world.controller.read())
  await world.kube.create(pods, testPod("a", world.node))
  await world.kube.create(pods, testPod("b", world.node))
  await world.kube.create(pods, testPod("host", world.node, { hostNetwork: true }))
  const object = await until("demand of two", async () => {
    const read = await world.controller.read()
    return read?.spec.demand[0]?.waiting === 2 && read
  })
  assert.deepEqual(object.spec.demand, [{ placement: "node", inUse: 0, waiting: 2, cooling: 0 }])
  assert.equal(object.spec.instanceID, "i-0123456789abcdef0")
})
