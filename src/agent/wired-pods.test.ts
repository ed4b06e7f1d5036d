import assert from "node:assert/strict"
import { test } from "node:test"
import { memoryKernel } from "../kernel/memory/memory-kernel.ts"
import { branchTableOf } from "./network/branch-link.ts"
import type { PodAttachment } from "./network/pod-plan.ts"
import { unwirePod, wirePod } from "./network/pod-wiring.ts"
import { attachment } from "./network/testing/wiring-stage.ts"
import { findWiredPods } from "./wired-pods.ts"

const branch = { vlan: 7, mac: "02:00:00:00:00:07", subnetCIDR: "10.42.0.0/24", trunk: "eth0" }
const kinds: Record<string, Partial<PodAttachment>> = {
  "on a secondary interface": {},
  "on the primary interface": { table: 254 },
  "that is isolated": { isolated: true, vethPrefix: "vlan" },
  "with a branch interface": {
    ...{ isolated: true, vethPrefix: "vlan" },
    ...{ table: branchTableOf(7), branch },
  },
}

for (const [kind, change] of Object.entries(kinds))
  test(`a pod ${kind} is found in the kernel, and what is found can be detached`, () => {
    const kernel = memoryKernel()
    kernel.plug("0a:00:00:00:00:01")
    const pod = attachment(kernel.create("/run/netns/a").path, change)
    wirePod(kernel, pod)
    const [found, ...others] = findWiredPods(kernel.host)
    assert.deepEqual(others, [])
    assert.deepEqual(found?.held.pod, { namespace: "default", name: "web-0" })
    assert.equal(found?.held.address, pod.address)
    const { table, isolated, vethPrefix } = found?.wiring ?? {}
    assert.deepEqual([table, isolated, vethPrefix], [pod.table, pod.isolated, pod.vethPrefix])
    unwirePod(kernel, { ...pod, ...found?.wiring })
    assert.deepEqual(
      kernel.host.rules().filter(({ priority }) => priority > 20 && priority < 32766),
      [],
    )
    assert.equal(kernel.host.link("vlan.eth.7"), undefined)
    assert.deepEqual(findWiredPods(kernel.host), [])
  })
