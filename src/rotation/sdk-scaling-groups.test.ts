// Goal: scaling groups are scaled, drained of instances and given back as they were, through the official SDK.
import assert from "node:assert/strict"
import { createServer } from "node:http"
import { test } from "node:test"
import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from "@aws-sdk/client-auto-scaling"
import { systemClock } from "../clock.ts"
import { createCloud } from "../ec2/memory/cloud.ts"
import { runInstances } from "../ec2/memory/instances.ts"
import { createLaunchTemplate } from "../ec2/memory/launch-templates.ts"
import { createSubnet } from "../ec2/memory/subnets.ts"
import { createVpc } from "../ec2/memory/vpcs.ts"
import { AutoScaling } from "../lab/aws/autoscaling/auto-scaling.ts"
import { createAwsServer } from "../lab/aws/aws-server.ts"
import { adoptNodeGroups } from "../lab/aws/eks/adopt-node-groups.ts"
import { Eks } from "../lab/aws/eks/eks.ts"
import { noNodes } from "../lab/aws/eks/roll-nodes.ts"
import { sdkScalingGroups } from "./sdk-scaling-groups.ts"

const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret" }

/** A cloud with one group of two instances, managed by EKS or not, behind an HTTP endpoint. */
async function cloudWith(kind: "managed" | "plain") {
  const cloud = createCloud({ clock: systemClock, random: Math.random, region: "us-west-2" })
  const vpc = createVpc(cloud.core, { cidr: "10.0.0.0/16" })
  const zone = "us-west-2a"
  const subnet = createSubnet(cloud.core, { vpcId: vpc.id, cidr: "10.0.0.0/24", zone })
  const groups = new AutoScaling({ cloud })
  const eks = new Eks({
    ...{ cloud, groups, clock: systemClock, hooks: noNodes, applyAddon: async () => {} },
    cluster: {
      ...{ name: "harbour", version: "1.35", endpoint: "https://example.invalid" },
      ...{ certificateAuthority: "Q0E=", vpcId: vpc.id, subnetIds: [subnet.id] },
      ...{ clusterSecurityGroup: "sg-0", serviceCidr: "172.20.0.0/16" },
    },
  })
  const server = createServer(createAwsServer({ cloud, groups, eks }))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  assert.ok(typeof address === "object" && address)
  const options = { region: "us-west-2", endpoint: `http://127.0.0.1:${address.port}`, credentials }
  const asg = new AutoScalingClient(options)
  if (kind === "managed") {
    for (let i = 0; i < 2; i++)
      runInstances(cloud.core, {
        ...{ type: "m5.large", subnetId: subnet.id },
        tags: { "eks:nodegroup-name": "apps" },
      })
    adoptNodeGroups(eks)
  } else {
    const template = createLaunchTemplate(cloud.core, { name: "own", data: { type: "m5.large" } })
    await asg.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: "own",
        ...{ MinSize: 0, MaxSize: 2, DesiredCapacity: 2, VPCZoneIdentifier: subnet.id },
        LaunchTemplate: { LaunchTemplateId: template.id },
      }),
    )
  }
  const group = async () => {
    const { AutoScalingGroups } = await asg.send(new DescribeAutoScalingGroupsCommand({}))
    const [found] = AutoScalingGroups ?? []
    assert.ok(found?.AutoScalingGroupName)
    return { ...found, name: found.AutoScalingGroupName }
  }
  const sized = async (count: number) => {
    for (let i = 0; i < 2000; i++) {
      const found = await group()
      const live = (found.Instances ?? []).filter((m) => m.LifecycleState !== "Terminating")
      if (live.length === count) return { ...found, live: live.map((m) => m.InstanceId ?? "") }
    }
    throw new Error(`the group does not come to ${count} instances`)
  }
  return {
    ...{ subject: sdkScalingGroups(options), group, sized, cloud, subnet },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      eks[Symbol.dispose]()
      groups[Symbol.dispose]()
      await cloud[Symbol.asyncDispose]()
    },
  }
}

for (const kind of ["managed", "plain"] as const) {
  test(`a ${kind} group grows beyond its limit, loses the instance that is named, and is as before`, async () => {
    await using c = await cloudWith(kind)
    const { subject } = c
    const before = await c.sized(2)
    const max = before.MaxSize ?? 0
    assert.deepEqual([...(await subject.groupsOf(before.live))].length, 2)

    for (let i = 0; i < 2; i++) await subject.scale(before.name, max + 1)
    const grown = await c.sized(max + 1)
    assert.deepEqual(
      grown.SuspendedProcesses?.map((p) => p.ProcessName),
      ["AZRebalance"],
    )
    for (const id of grown.live.slice(2)) await subject.terminate(id, before.name)
    const [first = ""] = before.live
    for (let i = 0; i < 2; i++) await subject.terminate(first, before.name)
    assert.deepEqual((await c.sized(1)).live, before.live.slice(1))

    for (let i = 0; i < 2; i++) await subject.restore(before.name)
    const after = await c.group()
    assert.deepEqual([after.MaxSize, after.DesiredCapacity], [max, 1])
    assert.deepEqual(after.SuspendedProcesses, [])
    assert.deepEqual(
      after.Tags?.filter((t) => t.Key?.startsWith("berth.dev/")),
      [],
    )
  })
}

test("an instance without a group is ended by EC2, twice is fine", async () => {
  await using c = await cloudWith("plain")
  const [own] = runInstances(c.cloud.core, { type: "m5.large", subnetId: c.subnet.id })
  assert.ok(own)
  assert.deepEqual((await c.subject.groupsOf([own.id])).get(own.id), undefined)
  for (let i = 0; i < 2; i++) await c.subject.terminate(own.id, undefined)
  await c.subject.terminate("i-0123456789abcdef0", undefined)
  assert.notEqual(c.cloud.core.tables.instance.get(own.id)?.state, "running")
})

test("a group that is gone says so", async () => {
  await using c = await cloudWith("plain")
  await assert.rejects(c.subject.scale("none", 3), { code: "rotation/group-gone" })
  await c.subject.restore("none")
})
