import assert from "node:assert/strict"
import type { Change } from "../../../kernel/kernel.ts"
import { sweepLeftovers } from "../leftovers.ts"
import { checkPod, unwirePod, wirePod } from "../pod-wiring.ts"
import { attachment, contents, type WiringCase } from "./wiring-stage.ts"

export const leftoverCases: readonly WiringCase[] = [
  {
    name: "pods that live keep all, and one that unwiring only shut goes",
    run: async ({ kernel, sandbox }) => {
      const alive = attachment(sandbox("a"))
      const ended = attachment(sandbox("b"), {
        pod: "web-1",
        containerId: "b",
        address: "100.64.1.21",
      })
      const wired = [wirePod(kernel, alive), wirePod(kernel, ended)]
      unwirePod(kernel, ended)
      const left = await sweepLeftovers(kernel, [alive])
      assert.deepEqual(left, { links: [wired[1]?.hostVeth], routes: [], rules: [] })
      assert.deepEqual(checkPod(kernel, alive), [])
      assert.equal(kernel.host.links().length, 2)
      const none = await sweepLeftovers(kernel, [alive])
      assert.deepEqual(none, { links: [], routes: [], rules: [] })
    },
  },
  {
    name: "a sandbox that nobody remembers goes with its rules and route",
    run: async ({ kernel, sandbox }) => {
      const before = contents(kernel.host)
      wirePod(kernel, attachment(sandbox("a")))
      const left = await sweepLeftovers(kernel, [])
      assert.deepEqual([left.links.length, left.routes.length, left.rules.length], [1, 1, 2])
      assert.deepEqual(contents(kernel.host), before)
    },
  },
  {
    name: "a pod that Amazon VPC CNI wired is left alone; rules of one that is gone are removed",
    run: async ({ kernel, sandbox }) => {
      using inside = kernel.open(sandbox("a"))
      assert.ok(inside)
      kernel.host.apply([
        { do: "addVeth", name: "eniabc", mtu: 1500, up: true, peer: { name: "eth0", in: inside } },
        { do: "putRoute", route: { to: "100.64.1.30/32", link: "eniabc", table: 254 } },
        ...["100.64.1.30/32", "100.64.1.31/32"].flatMap((pod): Change[] => [
          { do: "putRule", rule: { priority: 512, to: pod, table: 254 } },
          { do: "putRule", rule: { priority: 1536, from: pod, table: 2 } },
        ]),
      ])
      const left = await sweepLeftovers(kernel, [])
      assert.deepEqual(left.links, [])
      assert.deepEqual(
        left.rules.map((rule) => rule.to ?? rule.from),
        ["100.64.1.31/32", "100.64.1.31/32"],
      )
      assert.equal(kernel.host.rules().length, 5)
      assert.equal(kernel.host.routes(254).length, 1)
    },
  },
  {
    name: "rules that are not of pods stay",
    run: async ({ kernel }) => {
      kernel.host.apply([
        { do: "putRule", rule: { priority: 512, to: "10.0.0.0/8", table: 254 } },
        { do: "putRule", rule: { priority: 512, to: "10.0.0.1/32", table: 9 } },
        { do: "putRule", rule: { priority: 600, to: "10.0.0.1/32", table: 254 } },
        { do: "putRule", rule: { priority: 1536, from: "10.0.0.1/32", incoming: "x", table: 9 } },
        { do: "putRule", rule: { priority: 1024, mark: { value: 128, mask: 128 }, table: 254 } },
        { do: "putRule", rule: { priority: 32765, from: "10.0.0.1/32", table: 2 } },
      ])
      const left = await sweepLeftovers(kernel, [])
      assert.deepEqual(left, { links: [], routes: [], rules: [] })
    },
  },
  {
    name: "a living pod's rule for a table that is no longer its own is removed",
    run: async ({ kernel, sandbox }) => {
      const alive = attachment(sandbox("a"))
      wirePod(kernel, { ...alive, table: 3 })
      kernel.host.apply([
        { do: "putRule", rule: { priority: 1536, from: "100.64.1.20/32", table: 2 } },
      ])
      const left = await sweepLeftovers(kernel, [alive])
      assert.deepEqual(left.rules, [{ priority: 1536, from: "100.64.1.20/32", table: 3 }])
      assert.deepEqual(checkPod(kernel, alive), [])
    },
  },
]
