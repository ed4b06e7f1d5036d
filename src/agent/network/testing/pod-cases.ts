import assert from "node:assert/strict"
import type { Change, Kernel } from "../../../kernel/kernel.ts"
import type { PodAttachment } from "../pod-plan.ts"
import { checkPod, repairPod, unwirePod, wirePod } from "../pod-wiring.ts"
import { attachment, contents, fails, type WiringCase } from "./wiring-stage.ts"

/** "eni" and the first 11 digits of the SHA-1 of "default.web-0", as the original names it. */
const usualName = "eni0d7763386da"

export const podCases: readonly WiringCase[] = [
  {
    name: "a pod has its address, a way out, and rules that lead both ways",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"))
      const wired = wirePod(kernel, pod)
      assert.deepEqual(checkPod(kernel, pod), [])
      using inside = kernel.open(pod.netns)
      assert.deepEqual(inside?.addresses("eth0"), [{ link: "eth0", address: "100.64.1.20/32" }])
      assert.deepEqual(
        inside
          ?.routes()
          .map((route) => [route.to, route.via])
          .sort(),
        [
          ["0.0.0.0/0", "169.254.1.1"],
          ["169.254.1.1/32", undefined],
        ],
      )
      const gateway = { link: "eth0", address: "169.254.1.1", mac: wired.hostMac }
      assert.deepEqual(inside?.neighbours("eth0"), [gateway])
      assert.deepEqual([inside?.link("eth0")?.mac, inside?.link("eth0")?.mtu], [wired.podMac, 9001])
      assert.equal(wired.hostVeth, usualName)
      assert.deepEqual(podRulesOf(kernel), [
        { priority: 512, to: "100.64.1.20/32", table: 254 },
        { priority: 1536, from: "100.64.1.20/32", table: 2 },
      ])
      assert.deepEqual(
        kernel.host.routes(254).map((route) => [route.to, route.link, route.scope]),
        [["100.64.1.20/32", usualName, "link"]],
      )
      const link = kernel.host.link(usualName)
      assert.deepEqual([link?.mtu, link?.up, link?.mac], [9001, true, wired.hostMac])
      assert.equal(link?.alias, "berth c0ffee eth0 default/web-0")
    },
  },
  {
    name: "a pod on the primary ENI needs no rule of its own to leave",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"), { table: 254, address: "10.0.0.20" })
      wirePod(kernel, pod)
      assert.deepEqual(podRulesOf(kernel), [{ priority: 512, to: "10.0.0.20/32", table: 254 }])
      assert.deepEqual(checkPod(kernel, pod), [])
    },
  },
  {
    name: "an isolated pod is reached by its ENI only, leaves by it first of all, and takes its rule along",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"), { isolated: true, vethPrefix: "vlan" })
      const former = { priority: 11, incoming: "vlan0d7763386da", table: 9 }
      kernel.host.apply([{ do: "putRule", rule: former }])
      const { hostVeth } = wirePod(kernel, pod)
      assert.deepEqual(podRulesOf(kernel), [{ priority: 11, incoming: hostVeth, table: 2 }])
      assert.deepEqual(kernel.host.routes(254), [])
      for (const table of [2, 20_002])
        assert.deepEqual(
          kernel.host.routes(table).map((route) => [route.to, route.link]),
          [["100.64.1.20/32", hostVeth]],
        )
      assert.deepEqual(checkPod(kernel, pod), [])
      unwirePod(kernel, pod)
      assert.deepEqual(podRulesOf(kernel), [])
    },
  },
  {
    name: "W27: a new sandbox of a same-named pod does not cut off the old one, nor the old one's end the new",
    run: ({ kernel, sandbox }) => {
      const old = attachment(sandbox("a"))
      const young = attachment(sandbox("b"), { containerId: "beef", address: "100.64.1.21" })
      const first = wirePod(kernel, old)
      const second = wirePod(kernel, young)
      assert.notEqual(first.hostVeth, second.hostVeth)
      assert.match(second.hostVeth, /^eni[0-9a-f]{11}$/)
      assert.deepEqual([checkPod(kernel, old), checkPod(kernel, young)], [[], []])
      unwirePod(kernel, old)
      assert.deepEqual(checkPod(kernel, young), [])
      assert.notDeepEqual(checkPod(kernel, old), [])
    },
  },
  {
    name: "wiring the same sandbox again replaces what was there",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"))
      wirePod(kernel, pod)
      const before = contents(kernel.host)
      wirePod(kernel, pod)
      assert.deepEqual(contents(kernel.host), before)
      assert.deepEqual(checkPod(kernel, pod), [])
    },
  },
  {
    name: "unwiring takes rules and route away and shuts the link, and may be done twice or without wiring",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"))
      unwirePod(kernel, pod)
      wirePod(kernel, pod)
      unwirePod(kernel, pod)
      unwirePod(kernel, pod)
      assert.deepEqual(podRulesOf(kernel), [])
      assert.deepEqual(kernel.host.routes(), [])
      assert.equal(kernel.host.link(usualName)?.up, false)
    },
  },
  {
    name: "unwiring works without the pod's namespace",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"))
      wirePod(kernel, pod)
      kernel.remove(pod.netns)
      unwirePod(kernel, pod)
      assert.deepEqual(podRulesOf(kernel), [])
    },
  },
  {
    name: "a namespace that stays after unwiring can be wired again",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"))
      wirePod(kernel, pod)
      unwirePod(kernel, pod)
      const again = attachment(pod.netns, { containerId: "again", address: "100.64.1.22" })
      wirePod(kernel, again)
      assert.deepEqual(checkPod(kernel, again), [])
    },
  },
  {
    name: "a link of another's making is not touched: the pod is refused and the host is as before",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"))
      using inside = kernel.open(pod.netns)
      inside?.apply([{ do: "addVeth", name: "eth0", mtu: 1500, peer: { name: "y", in: inside } }])
      const before = contents(kernel.host)
      fails("kernel/refused", () => wirePod(kernel, pod))
      assert.deepEqual(contents(kernel.host), before)
    },
  },
  {
    name: "a namespace that is gone is said to be",
    run: ({ kernel }) => {
      const pod = attachment("/nosuch/namespace")
      fails("kernel/namespace-gone", () => wirePod(kernel, pod))
      assert.deepEqual(checkPod(kernel, pod), ["network namespace /nosuch/namespace is gone"])
      assert.deepEqual(repairPod(kernel, pod), [])
    },
  },
  {
    name: "check names what is missing, and repair puts it back",
    run: ({ kernel, sandbox }) => {
      const pod = attachment(sandbox("a"))
      wirePod(kernel, pod)
      assert.deepEqual(repairPod(kernel, pod), [])
      for (const [where, change, says] of damages(kernel, pod)) {
        where.apply([change])
        assert.match(checkPod(kernel, pod).join("; "), says)
        assert.ok(repairPod(kernel, pod).length > 0)
        assert.deepEqual(checkPod(kernel, pod), [], String(says))
      }
      kernel.host.apply([{ do: "removeLink", name: usualName }])
      assert.deepEqual(checkPod(kernel, pod), ["the host end of eth0 is gone"])
    },
  },
]

const podRulesOf = (kernel: Kernel) =>
  kernel.host.rules().filter(({ priority }) => priority > 0 && priority < 32766)

function* damages(kernel: Kernel, { netns }: PodAttachment) {
  using inside = kernel.open(netns)
  if (!inside) return
  const rule = { priority: 1536, from: "100.64.1.20/32", table: 2 }
  const route = { to: "100.64.1.20/32", link: usualName, table: 254 }
  const neighbour = { link: "eth0", address: "169.254.1.1", mac: "02:00:00:00:00:01" }
  const address = "100.64.1.20/32"
  const damage = (where: typeof inside, change: Change, says: RegExp) =>
    [where, change, says] as const
  const { host } = kernel
  yield damage(
    host,
    { do: "removeRule", rule },
    /host: put rule 1536: from 100.64.1.20\/32 lookup 2/,
  )
  yield damage(host, { do: "removeRoute", route }, /host: put route 100.64.1.20\/32 dev eni/)
  yield damage(host, { do: "setLink", name: usualName, up: false }, /host: set link eni/)
  yield damage(inside, { do: "putNeighbour", neighbour }, /pod: put neighbour 169.254.1.1 at 02:/)
  yield damage(
    inside,
    { do: "removeAddress", link: "eth0", address },
    /pod: put address .* on eth0/,
  )
  yield damage(inside, { do: "setLink", name: "eth0", up: false }, /pod: put route default via/)
}
