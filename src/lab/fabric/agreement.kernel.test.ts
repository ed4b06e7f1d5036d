// Goal: packets do what traceFlow says they would, in random VPCs that follow each other in one running fabric.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { withNamespaces } from "../../kernel/testing/namespaces-or-skip.ts"
import { awsAddress, internetAddress, onPremises } from "./addresses.ts"
import { busyVpc } from "./testing/any-vpc.ts"
import { openStage, type Stage } from "./testing/stage.ts"
import type { Flow } from "./trace-flow.ts"
import { blocksOf, type VpcView, within } from "./vpc-view.ts"

const hosts = ["10.0.0.10", "10.0.0.11", "10.0.1.10", "100.64.0.21", "100.64.0.32", "100.64.1.21"]
const others = [awsAddress, internetAddress, onPremises.address, "100.64.1.99"]

const flow: fc.Arbitrary<Flow> = fc.record({
  source: fc.constantFrom(...hosts),
  destination: fc.constantFrom(...hosts, ...others),
  protocol: fc.constantFrom("icmp", "tcp"),
  port: fc.constantFrom(80, 81),
})

const instanceOf = (view: VpcView, address: string) =>
  view.interfaces.find((eni) => blocksOf(eni).some((block) => within(block, address)))?.instanceId

/** Packets within a node never reach the fabric, and outside there is one open port, in AWS none. */
const isTelling = (view: VpcView, { source, destination, protocol, port }: Flow): boolean =>
  instanceOf(view, source) !== undefined &&
  instanceOf(view, source) !== instanceOf(view, destination) &&
  (protocol === "icmp" ||
    (destination !== awsAddress && !(others.includes(destination) && port === 81)))

/** A packet that should arrive may be late on a busy machine: it is tried again. */
async function arrives(stage: Stage, view: VpcView, flow: Flow, tries: number): Promise<boolean> {
  const node = instanceOf(view, flow.source) ?? ""
  for (let i = 0; i < tries; i++) {
    const answered =
      flow.protocol === "icmp"
        ? await stage.ping(node, flow.source, flow.destination)
        : await stage.get(node, flow.source, `http://${flow.destination}:${flow.port}/`)
    if (answered) return true
  }
  return false
}

withNamespaces((folder) => {
  test("the wired fabric and traceFlow agree", async () => {
    await using stage = await openStage(folder, ["a", "b", "c"])
    for (const node of ["a", "b", "c"]) for (const port of [80, 81]) await stage.serve(node, port)
    const outcomes = new Set<string>()
    for (const [seed, view] of fc.sample(busyVpc, { seed: 42, numRuns: 6 }).entries()) {
      await stage.show(view)
      const flows = fc
        .sample(flow, { seed, numRuns: 60 })
        .filter((f) => isTelling(view, f))
        .slice(0, 24)
      const wrong = await Promise.all(
        flows.map(async (f) => {
          const trace = stage.fabric.trace(f)
          outcomes.add(trace.delivered ? trace.to : trace.dropped)
          const delivered = await arrives(stage, view, f, trace.delivered ? 5 : 1)
          return delivered === trace.delivered ? [] : [{ f, trace, view }]
        }),
      )
      assert.deepEqual(wrong.flat(), [])
    }
    for (const outcome of ["denied-in", "denied-out", "unknown-destination", "internet", "eni-b-1"])
      assert.ok(outcomes.has(outcome), `${outcome} was never tried`)
  })
})
