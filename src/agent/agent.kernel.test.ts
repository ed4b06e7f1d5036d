// The real agent process and the real plugin process in a network namespace of their own.
import assert from "node:assert/strict"
import { test } from "node:test"
import { namespaceRights } from "../kernel/rights.ts"
import { until } from "./testing/agent-world.ts"
import { podInterface, primaryInterface } from "./testing/fake-controller.ts"
import { type NodeLab, nodeLab } from "./testing/node-lab.ts"

const rights = namespaceRights()
const options = rights.allowed ? {} : { skip: `no network namespaces here: ${rights.why}` }

async function ready(lab: NodeLab, addresses: number) {
  const [primary, second] = [primaryInterface(), podInterface(1, addresses)]
  lab.attach(primary)
  lab.attach(second)
  await lab.startAgent()
  await until("spec", () => lab.controller.read())
  await lab.controller.grant([primary, second])
}

test("a pod is attached by the plugin process, reachable, and detached", options, async () => {
  await using lab = await nodeLab()
  await ready(lab, 3)
  lab.sandbox("c1")
  const added = await lab.plugin("ADD", "c1")
  assert.equal(added.code, 0, JSON.stringify(added.output))
  const [, pod] = added.output["interfaces"] as { mac: string; sandbox: string }[]
  using namespace = lab.kernel.open(pod!.sandbox)
  assert.equal(namespace?.link("eth0")?.mac, pod?.mac)
  assert.deepEqual(namespace?.addresses("eth0"), [{ link: "eth0", address: "100.64.1.11/32" }])
  assert.deepEqual((await lab.plugin("CHECK", "c1", { prevResult: added.output })).output, {})
  assert.equal((await lab.plugin("DEL", "c1")).code, 0)
  assert.equal(
    lab.host.rules().some((rule) => rule.to === "100.64.1.11/32"),
    false,
  )
})
