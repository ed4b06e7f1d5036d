import assert from "node:assert/strict"
import { test } from "node:test"
import { systemClock } from "../../clock.ts"
import { runInstances, terminateInstances } from "../../ec2/memory/instances.ts"
import { silentLogger } from "../../log.ts"
import { nodeName } from "../kubelet/node/node-object.ts"
import { eventually } from "../sandbox/testing/eventually.ts"
import { quietScenario } from "../testing/quiet-scenario.ts"
import { buildCloud } from "./build-cloud.ts"
import type { Machine } from "./machine.ts"
import { followInstances } from "./machines.ts"

/** Machines that write down what is done to them, and take a turn for it. */
function recorder(options: { failFirst?: boolean } = {}) {
  const cloud = buildCloud(quietScenario, systemClock, Math.random)
  const done: string[] = []
  let failing = options.failFirst ?? false
  const machines = followInstances({
    cloud,
    clock: { ...systemClock, sleep: (_, signal) => systemClock.sleep(1, signal) },
    log: silentLogger,
    boot: async (instance) => {
      const name = nodeName({ ...instance, region: cloud.region })
      done.push(`boot ${name}`)
      await systemClock.sleep(5)
      if (failing) {
        failing = false
        throw new Error("no power")
      }
      done.push(`up ${name}`)
      const halt = async () => {
        await systemClock.sleep(5)
        done.push(`halt ${name}`)
      }
      return { name, instance, halt } as Machine
    },
  })
  const launch = (privateAddress: string) =>
    runInstances(cloud.core, {
      type: "m5.large",
      subnetId: quietScenario.subnets[0]!.id,
      privateAddress,
    })[0]!.id
  return { cloud, machines, done, launch }
}

const name = "ip-10-0-0-9.us-west-2.compute.internal"

test("an address that is taken again at once waits for the machine that had it", async () => {
  const { cloud, machines, done, launch } = recorder()
  const first = launch("10.0.0.9")
  await eventually(() => assert.ok(machines.get(name)))
  terminateInstances(cloud.core, { ids: [first] })
  launch("10.0.0.9")
  await eventually(() => assert.equal(done.length, 5))
  assert.deepEqual(done, [
    `boot ${name}`,
    `up ${name}`,
    `halt ${name}`,
    `boot ${name}`,
    `up ${name}`,
  ])
  await machines[Symbol.asyncDispose]()
})

test("a machine that does not boot is tried again", async () => {
  const { machines, done, launch } = recorder({ failFirst: true })
  launch("10.0.0.9")
  await eventually(() => assert.ok(machines.get(name)))
  assert.deepEqual(done, [`boot ${name}`, `boot ${name}`, `up ${name}`])
  await machines[Symbol.asyncDispose]()
})

test("when the lab ends every machine is halted, also one that is still booting", async () => {
  const { machines, done, launch } = recorder()
  launch("10.0.0.9")
  await machines[Symbol.asyncDispose]()
  assert.deepEqual(machines.list(), [])
  assert.equal(
    done.filter((d) => d.startsWith("up")).length,
    done.filter((d) => d.startsWith("halt")).length,
  )
})
