import assert from "node:assert/strict"
import { test } from "node:test"
import type { NetworkInterface } from "../vpc/model.ts"
import { clusterTag, instanceTag, type OwnershipContext, ownershipOf } from "./ownership.ts"

const context: OwnershipContext = {
  instanceID: "i-1",
  clusterName: "harbour",
  manageUntagged: true,
  defaultNetworkCard: 0,
}
const own = { [instanceTag]: "i-1", [clusterTag]: "harbour" }

interface Case {
  readonly type?: NetworkInterface["type"]
  readonly tags?: Record<string, string>
  readonly deviceIndex?: number
  readonly networkCard?: number
  readonly context?: Partial<OwnershipContext>
}

function ownership({
  type = "interface",
  tags = own,
  deviceIndex = 1,
  networkCard = 0,
  ...more
}: Case) {
  const iface: NetworkInterface = {
    id: "eni-1",
    vpcId: "vpc-1",
    subnetId: "subnet-1",
    zone: "us-west-2a",
    mac: "",
    description: "",
    type,
    status: "in-use",
    primaryAddress: "10.0.0.9",
    addresses: [],
    prefixes: [],
    securityGroups: [],
    sourceDestCheck: true,
    tags,
    attachment: {
      id: "attach-1",
      instanceId: "i-1",
      deviceIndex,
      networkCard,
      deleteOnTermination: true,
      state: "attached",
    },
  }
  return ownershipOf(iface, { ...context, ...more.context })
}

const cases: [what: string, c: Case, managed: boolean, releasable: boolean][] = [
  ["the primary ENI is used and never freed", { deviceIndex: 0, tags: {} }, true, false],
  ["an ENI tagged for the node is Berth's", {}, true, true],
  [
    "one that the original made, without a cluster tag, too",
    { tags: { [instanceTag]: "i-1" } },
    true,
    true,
  ],
  ["an untagged one is used and never freed", { tags: {} }, true, false],
  [
    "an untagged one is foreign with MANAGE_UNTAGGED_ENI off",
    { tags: {}, context: { manageUntagged: false } },
    false,
    false,
  ],
  [
    "one tagged no_manage is foreign",
    { tags: { ...own, "node.k8s.amazonaws.com/no_manage": "true" } },
    false,
    false,
  ],
  [
    "no_manage counts only as exactly true",
    { tags: { ...own, "node.k8s.amazonaws.com/no_manage": "1" } },
    true,
    true,
  ],
  ["one of another instance is foreign", { tags: { ...own, [instanceTag]: "i-2" } }, false, false],
  ["one of another cluster is foreign", { tags: { ...own, [clusterTag]: "pier" } }, false, false],
  ["a trunk is foreign", { type: "trunk" }, false, false],
  ["EFA is foreign", { type: "efa" }, false, false],
  [
    "another network card is foreign, its first device too",
    { networkCard: 1, deviceIndex: 0 },
    false,
    false,
  ],
]

for (const [what, c, managed, releasable] of cases) {
  test(what, () => {
    const answer = ownership(c)
    assert.deepEqual([answer.managed, answer.releasable], [managed, releasable])
    assert.notEqual(answer.why, "")
  })
}
