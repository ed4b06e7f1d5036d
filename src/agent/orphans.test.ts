import assert from "node:assert/strict"
import { test } from "node:test"
import { memoryKernel } from "../kernel/memory/memory-kernel.ts"
import type { Attachment } from "./book-record.ts"
import { podAttachment } from "./calls/context.ts"
import { wirePod } from "./network/pod-wiring.ts"
import { vethNames } from "./network/veth-name.ts"
import { orphansOf } from "./orphans.ts"

const attachment = (name: string, netns = `/run/netns/${name}`): Attachment => ({
  held: {
    key: { network: "aws-cni", containerID: name, ifName: "eth0" },
    pod: { namespace: "default", name: `pod-${name}` },
    placement: "node",
    address: "100.64.1.11",
    interfaceID: "eni-1",
    assignedAt: 0,
  },
  wiring: { netns, table: 2, mtu: 9001, vethPrefix: "eni" },
})
const a = attachment("a")

test("a pod with its namespace and link is none", () => {
  const kernel = memoryKernel()
  kernel.create("/run/netns/a")
  wirePod(kernel, podAttachment(a))
  assert.deepEqual(orphansOf([a], kernel), [])
})

test("a namespace that cannot be seen is no proof: its link says that the pod lives", () => {
  const kernel = memoryKernel()
  kernel.create("/run/netns/a")
  wirePod(kernel, podAttachment(a))
  const unmounted = { ...kernel, open: () => undefined }
  assert.deepEqual(orphansOf([a], unmounted), [])
})

test("without namespace and link it is an orphan; the link of a newer sandbox of the same pod does not save it", () => {
  const kernel = memoryKernel()
  assert.deepEqual(orphansOf([a], kernel), [a])
  kernel.create("/run/netns/b")
  const newer = { ...podAttachment(a), containerId: "b", netns: "/run/netns/b" }
  wirePod(kernel, newer)
  assert.deepEqual(orphansOf([a], kernel), [a])
})

test("a pod that Amazon VPC CNI attached is known by the name of its link", () => {
  const kernel = memoryKernel()
  const taken = attachment("old", "")
  assert.deepEqual(orphansOf([taken], kernel), [taken])
  const peer = { name: "eth0", in: kernel.create("/run/netns/old") }
  const [name] = vethNames("eni", podAttachment(taken))
  kernel.host.apply([{ do: "addVeth", name, mtu: 9001, peer }])
  assert.deepEqual(orphansOf([taken], kernel), [])
})
