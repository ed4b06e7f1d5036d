import assert from "node:assert/strict"
import { branchTableOf } from "../branch-link.ts"
import { sweepLeftovers } from "../leftovers.ts"
import type { PodAttachment } from "../pod-plan.ts"
import { checkPod, repairPod, unwirePod, wirePod } from "../pod-wiring.ts"
import { localTable } from "../tables.ts"
import { attachment, contents, fails, type Stage, type WiringCase } from "./wiring-stage.ts"

const trunkMac = "0a:00:00:00:00:22"
const link = "vlan.eth.7"

const branchPod = (stage: Stage, change: Partial<PodAttachment> = {}): PodAttachment => {
  stage.attach(trunkMac)
  return attachment(stage.sandbox("a"), {
    address: "10.42.10.154",
    table: branchTableOf(7),
    vethPrefix: "vlan",
    isolated: true,
    branch: { vlan: 7, mac: "02:23:a2:af:a2:1f", subnetCIDR: "10.42.10.0/24", trunk: "ens5" },
    ...change,
  })
}

const rulesOf = ({ kernel }: Stage) =>
  kernel.host.rules().filter(({ table, priority }) => table !== localTable && priority < 32766)

const exit = (table: number, { kernel }: Stage) =>
  kernel.host
    .routes(table)
    .map((route) => `${route.to} ${route.via ?? ""} ${route.link}`)
    .sort()

/** Needs a kernel with VLAN links. */
export const branchCases: readonly WiringCase[] = [
  {
    name: "a pod with a branch interface leaves and is reached by its VLAN only, and takes it along",
    run: (stage) => {
      const { kernel } = stage
      const pod = branchPod(stage)
      const { hostVeth } = wirePod(kernel, pod)
      assert.deepEqual(checkPod(kernel, pod), [])
      const vlan = kernel.host.link(link)
      assert.deepEqual([vlan?.kind, vlan?.up, vlan?.mac], ["vlan", true, pod.branch?.mac])
      assert.deepEqual(rulesOf(stage), [
        { priority: 10, incoming: link, table: 20_107 },
        { priority: 11, incoming: hostVeth, table: 107 },
        { priority: 12, from: "169.254.0.0/16", table: 20_107 },
      ])
      assert.deepEqual(exit(107, stage), [
        `0.0.0.0/0 10.42.10.1 ${link}`,
        `10.42.10.1/32  ${link}`,
        `10.42.10.154/32  ${hostVeth}`,
      ])
      assert.deepEqual(exit(20_107, stage), [`10.42.10.154/32  ${hostVeth}`])
      kernel.host.apply([{ do: "removeLink", name: link }])
      assert.match(checkPod(kernel, pod).join(), /add vlan vlan\.eth\.7 with id 7 on ens5/)
      assert.ok(repairPod(kernel, pod).length > 0)
      assert.deepEqual(checkPod(kernel, pod), [])
      unwirePod(kernel, pod)
      unwirePod(kernel, pod)
      assert.deepEqual([rulesOf(stage), kernel.host.link(link)], [[], undefined])
    },
  },
  {
    name: "with standard enforcement a branch's pod is reached directly, and leaves by its VLAN inside the VPC",
    run: (stage) => {
      const pod = branchPod(stage, { isolated: false, vethPrefix: "eni" })
      wirePod(stage.kernel, pod)
      assert.deepEqual(rulesOf(stage), [
        { priority: 512, to: "10.42.10.154/32", table: 254 },
        { priority: 1536, from: "10.42.10.154/32", table: 107 },
      ])
      assert.deepEqual(exit(107, stage), [`0.0.0.0/0 10.42.10.1 ${link}`, `10.42.10.1/32  ${link}`])
      assert.deepEqual(checkPod(stage.kernel, pod), [])
    },
  },
  {
    name: "a VLAN that another pod had before is the new pod's alone",
    run: (stage) => {
      const former = branchPod(stage)
      wirePod(stage.kernel, former)
      const branch = { ...former.branch!, mac: "02:23:a2:af:a2:20" }
      const next = {
        ...{ ...former, branch, pod: "web-1", containerId: "beef", address: "10.42.10.155" },
        netns: stage.sandbox("b"),
      }
      wirePod(stage.kernel, next)
      assert.equal(stage.kernel.host.link(link)?.mac, branch.mac)
      assert.deepEqual(checkPod(stage.kernel, next), [])
      // The former pod's DEL may come late.
      unwirePod(stage.kernel, former)
      assert.deepEqual(checkPod(stage.kernel, next), [])
    },
  },
  {
    name: "what is left of a branch whose pod went without DEL is found and removed",
    run: async (stage) => {
      const { kernel } = stage
      const pod = branchPod(stage)
      wirePod(kernel, pod)
      assert.deepEqual((await sweepLeftovers(kernel, [pod])).links, [])
      assert.deepEqual(checkPod(kernel, pod), [])
      const left = await sweepLeftovers(kernel, [])
      assert.ok(left.links.includes(link))
      assert.deepEqual([rulesOf(stage), kernel.host.link(link)], [[], undefined])
    },
  },
  {
    name: "without its trunk a branch is refused, and the host is as before",
    run: (stage) => {
      const pod = branchPod(stage, { isolated: false })
      const before = contents(stage.kernel.host)
      const lost = { ...pod, branch: { ...pod.branch!, trunk: "nosuch" } }
      fails("kernel/refused", () => wirePod(stage.kernel, lost))
      assert.deepEqual(contents(stage.kernel.host), before)
    },
  },
]
