import assert from "node:assert/strict"
import { test } from "node:test"
import type { NodeNetworkStatus, PlacementStatus } from "../api/nodenetwork.ts"
import { type ReasonInput, shortageReason } from "./shortage-reason.ts"

const counts = { total: 14, held: 14, cooling: 0, offered: 0, free: 0 }
const shortage = { placement: "node", ...counts, interfaces: 1, settingUp: 0, draining: 0 }
const placement: PlacementStatus = {
  placement: "node",
  object: "ENIConfig/a",
  subnets: ["subnet-1"],
  securityGroups: ["sg-1"],
  ready: true,
}
const status = (p: Partial<PlacementStatus>): NodeNetworkStatus => ({
  placements: [{ ...placement, ...p }],
  interfaces: [],
  conditions: [],
})
const reason = (input: Partial<ReasonInput>) =>
  shortageReason({
    node: "n1",
    placement: "node",
    shortage,
    status: status({}),
    unreadable: undefined,
    problems: [],
    provisioning: true,
    unanswered: false,
    makingWay: false,
    ...input,
  })

const refused = (code: string) =>
  status({
    ready: false,
    code,
    message: "subnet subnet-1 has no free address left",
    hint: "Add one.",
  })

const cases: [string, Partial<ReasonInput>, RegExp, { refused: boolean; final: boolean }][] = [
  [
    "the API cannot be read",
    { status: undefined, unreadable: "refused" },
    /could not be read: refused/,
    { refused: false, final: false },
  ],
  [
    "no answer of the controller",
    { status: undefined },
    /controller has not answered/,
    { refused: false, final: false },
  ],
  [
    "the controller does not run",
    { unanswered: true },
    /^14 of 14 .* in use, and the controller has not answered the node's demand/,
    { refused: false, final: false },
  ],
  [
    "EC2 throttles",
    {
      status: {
        ...status({}),
        conditions: [
          { type: "Throttled", status: "True", reason: "", message: "", lastTransitionTime: "" },
        ],
      },
    },
    /EC2 throttles the calls that bring more/,
    { refused: false, final: false },
  ],
  [
    "a full subnet may be helped any second",
    { status: refused("ec2/subnet-full") },
    /^subnet subnet-1 has no free/,
    { refused: true, final: false },
  ],
  [
    "a wrong configuration waits for a human",
    { status: refused("placement/zone-mismatch") },
    /^subnet subnet-1/,
    { refused: true, final: true },
  ],
  [
    "a failed read may pass",
    { status: refused("placement/unreadable") },
    /^subnet subnet-1/,
    { refused: true, final: false },
  ],
  [
    "an interface without its link",
    { shortage: { ...shortage, settingUp: 1 }, problems: [{ id: "eni-1", problem: "no link" }] },
    /eni-1: no link/,
    { refused: false, final: false },
  ],
  [
    "addresses in cool-down",
    { shortage: { ...shortage, cooling: 3, nextFreeAt: 0 } },
    /3 of 14 addresses cool down, the next until 1970/,
    { refused: false, final: false },
  ],
  [
    "supply under way",
    {},
    /14 of 14 addresses on 1 interfaces are in use, and more were asked for/,
    { refused: false, final: false },
  ],
  [
    "nobody may provision",
    { provisioning: false },
    /all 14 addresses attached to the node are in use/,
    { refused: true, final: false },
  ],
]
for (const [what, input, says, kind] of cases) {
  test(`the reason names the cause: ${what}`, () => {
    const { why, hint, ...rest } = reason(input)
    assert.match(why, says)
    assert.notEqual(hint, "")
    assert.deepEqual(rest, kind)
  })
}

test("a pod that an idle interface makes way for is not told that the node has no slot", () => {
  const full = refused("ipam/no-interface-slot")
  assert.equal(reason({ status: full }).refused, true)
  const soon = reason({ status: full, makingWay: true })
  assert.match(soon.why, /makes way/)
  assert.deepEqual([soon.refused, soon.final], [false, false])
})
