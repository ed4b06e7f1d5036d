import assert from "node:assert/strict"
import { test } from "node:test"
import { indexFleet } from "../fleet/facts/fleet-index.ts"
import { fleetStatus } from "../fleet/status/fleet-status.ts"
import { node, pod, smallFleet } from "../fleet/testing/small-fleet.ts"
import { statusPage } from "./status-page.ts"
import { plain } from "./terminal.ts"

const long = (zone: "a" | "b") => `ip-10-0-0-${zone === "a" ? 4 : 36}.us-west-2.compute.internal`

function troubled() {
  const base = smallFleet()
  return smallFleet({
    cluster: {
      nodes: [node("a", { name: long("a") }), node("b", { name: long("b") })],
      pods: [
        { ...pod("web-1", "a", "100.64.0.10"), node: long("a") },
        { ...pod("x", "b"), node: long("b") },
      ],
      warnings: [
        {
          at: "2026-11-23T02:59:00Z",
          kind: "Pod",
          namespace: "shop",
          name: "x",
          reason: "FailedCreatePodSandBox",
          message: "failed to assign an IP address to container",
          count: 4,
        },
      ],
    },
    aws: {
      subnets: base.aws!.subnets.map((s) =>
        s.id === "subnet-pods-b" ? { ...s, availableAddresses: 0 } : s,
      ),
    },
  })
}

test("on a terminal of 80 columns no line is longer, and trouble comes before tables", () => {
  const page = statusPage(fleetStatus(indexFleet(troubled())), { ...plain, width: 80 }, false)
  const lines = page.split("\n")
  assert.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  )
  const trouble = lines.findIndex((l) => /^! node .*1 pod has no address/.test(l))
  assert.ok(trouble > 0 && trouble < lines.findIndex((l) => l.startsWith("SUBNET")))
  assert.match(page, /ip-10-0-0-36 +us-west-2b +us-west-2b +0\/9 +- +1\/20 +1 stuck/)
})

test("what could not be read is named once for each reason, and only what the page lacks", () => {
  const unread = ["ec2:DescribeSubnets", "ec2:DescribeInstances", "ec2:DescribeNetworkAcls"].map(
    (what) => ({ what, why: "IAM forbids it" }),
  )
  const page = statusPage(fleetStatus(indexFleet({ ...smallFleet(), unread })), plain, false)
  assert.match(page, /not read: ec2:DescribeSubnets, ec2:DescribeInstances: IAM forbids it\n/)
  assert.doesNotMatch(page, /NetworkAcls/)
})
