import assert from "node:assert/strict"
import { test } from "node:test"
import { createCloud } from "../../../ec2/memory/cloud.ts"
import { createInterface, deleteInterface } from "../../../ec2/memory/interfaces.ts"
import { createSubnet } from "../../../ec2/memory/subnets.ts"
import { createVpc } from "../../../ec2/memory/vpcs.ts"
import { virtualClock } from "../../../testing/virtual-clock.ts"
import { parseForm } from "../form.ts"
import { ec2Actions } from "./actions.ts"

function world() {
  const cloud = createCloud({ clock: virtualClock(), random: () => 0, region: "us-west-2" })
  const vpc = createVpc(cloud.core, { cidr: "10.0.0.0/16" })
  const subnet = createSubnet(cloud.core, { vpcId: vpc.id, cidr: "10.0.0.0/24" })
  const ids = Array.from(
    { length: 17 },
    () => createInterface(cloud.core, { subnetId: subnet.id }).id,
  )
  const scene = { cloud, core: cloud.core, views: cloud.core.tables }
  const ask = (form: string) => {
    const action = ec2Actions["DescribeNetworkInterfaces"]
    assert.ok(action)
    const answer = action.prepare(parseForm(new URLSearchParams(form))).run(scene)
    const shown = answer["networkInterfaceSet"] as { networkInterfaceId: string }[]
    return { ids: shown.map((i) => i.networkInterfaceId), next: answer["nextToken"] }
  }
  return { cloud, ids, ask }
}

test("pages show every interface once, also when some are deleted between two pages", () => {
  for (const deleted of [[], [4], [0, 1, 2, 3, 4], [5, 6], [0, 4, 5, 9]]) {
    const { cloud, ids, ask } = world()
    const first = ask("MaxResults=5")
    assert.deepEqual(first.ids, ids.slice(0, 5))
    for (const i of deleted) deleteInterface(cloud.core, { id: ids[i] ?? "" })
    const rest: string[] = []
    let token = first.next
    while (token !== undefined) {
      const page = ask(`MaxResults=5&NextToken=${String(token)}`)
      rest.push(...page.ids)
      token = page.next
    }
    assert.deepEqual(
      rest,
      ids.slice(5).filter((id) => !deleted.includes(ids.indexOf(id))),
    )
  }
})

test("page sizes and tokens out of bounds are refused, and so are pages of named ids", () => {
  const { ids, ask } = world()
  assert.throws(() => ask("MaxResults=4"), { code: "InvalidParameterValue" })
  assert.throws(() => ask("MaxResults=1001"), { code: "InvalidParameterValue" })
  assert.throws(() => ask("NextToken="), { code: "InvalidParameterValue" })
  assert.throws(() => ask(`MaxResults=5&NetworkInterfaceId.1=${ids[0]}`), {
    code: "InvalidParameterCombination",
  })
})
