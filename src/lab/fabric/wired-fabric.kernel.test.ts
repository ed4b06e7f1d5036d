// Goal: packets between real namespaces go, and are dropped, as in a VPC.
import assert from "node:assert/strict"
import { test } from "node:test"
import { withNamespaces } from "../../kernel/testing/namespaces-or-skip.ts"
import { awsAddress, internetAddress, onPremises } from "./addresses.ts"
import { natAddress, sampleVpc } from "./testing/sample-vpc.ts"
import { openStage } from "./testing/stage.ts"

withNamespaces((folder) => {
  test("packets travel between subnets, nodes and kinds of addresses", async () => {
    await using stage = await openStage(folder, ["a", "b", "c"])
    await stage.show(sampleVpc)
    const ways = [
      ["a", "10.0.0.10", "10.0.0.11", "same subnet"],
      ["a", "10.0.0.10", "10.0.1.10", "other subnet"],
      ["a", "100.64.0.21", "100.64.1.21", "pod to pod by secondary addresses"],
      ["a", "100.64.0.32", "100.64.1.21", "from an address of a prefix"],
      ["b", "100.64.1.21", "100.64.0.32", "to an address of a prefix"],
      ["a", "10.0.0.10", "100.64.1.21", "node to pod"],
      ["a", "10.0.0.10", awsAddress, "AWS"],
      ["a", "10.0.0.10", "10.0.0.1", "gateway"],
    ] as const
    for (const [node, source, destination, what] of ways)
      assert.ok(await stage.ping(node, source, destination), what)
    const answer = await stage.get("a", "100.64.0.21", `http://${internetAddress}/`)
    assert.deepEqual(JSON.parse(answer ?? "{}"), {
      sourceAddress: natAddress.a,
      via: "nat-gateway nat-a",
    })
    const local = await stage.get("b", "100.64.1.21", `http://${onPremises.address}/`)
    assert.deepEqual(JSON.parse(local ?? "{}"), {
      sourceAddress: "100.64.1.21",
      via: "transit-gateway",
    })
  })
})
