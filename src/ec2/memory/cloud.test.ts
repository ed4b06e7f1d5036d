import assert from "node:assert/strict"
import { test } from "node:test"
import { systemClock } from "../../clock.ts"
import { createCloud } from "./cloud.ts"
import { runInstances } from "./instances.ts"
import { memoryEc2 } from "./memory-ec2.ts"
import { createSubnet } from "./subnets.ts"
import { createVpc } from "./vpcs.ts"

const smallCloud = () => createCloud({ clock: systemClock, random: () => 0.5, region: "us-west-2" })

test("a /28 subnet offers eleven addresses and counts them right", async () => {
  const cloud = smallCloud()
  const vpc = createVpc(cloud.core, { cidr: "10.0.0.0/16" })
  const subnet = createSubnet(cloud.core, { vpcId: vpc.id, cidr: "10.0.1.0/28" })
  assert.equal(subnet.availableAddresses, 11)
  const [instance] = runInstances(cloud.core, { type: "m5.large", subnetId: subnet.id })
  const ec2 = memoryEc2(cloud)
  const eni = await ec2.createNetworkInterface({
    subnetId: subnet.id,
    securityGroups: [],
    description: "",
    tags: {},
    addressCount: 9,
    clientToken: "a",
  })
  await ec2.attachNetworkInterface({ id: eni.id, instanceId: instance?.id ?? "", deviceIndex: 1 })
  const [after] = await ec2.describeSubnets({ ids: [subnet.id] })
  assert.equal(after?.availableAddresses, 0)
  assert.deepEqual(eni.addresses.at(-1), "10.0.1.14")
  await assert.rejects(ec2.assignAddresses({ id: eni.id, addressCount: 1 }), {
    code: "ec2/limit",
  })
})
