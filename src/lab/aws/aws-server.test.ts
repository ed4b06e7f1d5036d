// The official SDKs against the lab's services behind one address.
import assert from "node:assert/strict"
import { createServer } from "node:http"
import { test } from "node:test"
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeScalingActivitiesCommand,
  ResumeProcessesCommand,
  SetDesiredCapacityCommand,
  SetInstanceProtectionCommand,
  SuspendProcessesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling"
import {
  CreateLaunchTemplateVersionCommand,
  DescribeVpcsCommand,
  EC2Client,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2"
import {
  CreateNodegroupCommand,
  DeleteNodegroupCommand,
  DescribeAddonCommand,
  DescribeClusterCommand,
  DescribeNodegroupCommand,
  DescribeUpdateCommand,
  EKSClient,
  ListNodegroupsCommand,
  UpdateAddonCommand,
  UpdateNodegroupConfigCommand,
  UpdateNodegroupVersionCommand,
} from "@aws-sdk/client-eks"
import { systemClock } from "../../clock.ts"
import { createCloud } from "../../ec2/memory/cloud.ts"
import { runInstances } from "../../ec2/memory/instances.ts"
import { createSubnet } from "../../ec2/memory/subnets.ts"
import { createVpc } from "../../ec2/memory/vpcs.ts"
import { AutoScaling } from "./autoscaling/auto-scaling.ts"
import { type AwsServerOptions, createAwsServer } from "./aws-server.ts"
import { adoptNodeGroups } from "./eks/adopt-node-groups.ts"
import { Eks } from "./eks/eks.ts"
import { type NodeHooks, noNodes } from "./eks/roll-nodes.ts"

const name = "harbour"

async function lab(
  over: { hooks?: Partial<NodeHooks>; secrets?: AwsServerOptions["secrets"] } = {},
) {
  const cloud = createCloud({ clock: systemClock, random: Math.random, region: "us-west-2" })
  const vpc = createVpc(cloud.core, { cidr: "10.0.0.0/16" })
  const [a, b] = ["us-west-2a", "us-west-2b"].map((zone, i) =>
    createSubnet(cloud.core, { vpcId: vpc.id, cidr: `10.0.${i}.0/24`, zone }),
  )
  assert.ok(a && b)
  for (const subnetId of [a.id, b.id])
    runInstances(cloud.core, {
      type: "m5.large",
      subnetId,
      userData: Buffer.from("old").toString("base64"),
      tags: { "eks:nodegroup-name": "apps" },
    })
  const groups = new AutoScaling({ cloud })
  const applied: string[] = []
  const eks = new Eks({
    cloud,
    groups,
    clock: { ...systemClock, sleep: (_, signal) => systemClock.sleep(1, signal) },
    cluster: {
      name,
      version: "1.31",
      endpoint: "https://example.invalid",
      certificateAuthority: "Q0E=",
      vpcId: vpc.id,
      subnetIds: [a.id, b.id],
      clusterSecurityGroup: "sg-0",
      serviceCidr: "172.20.0.0/16",
    },
    hooks: { ...noNodes, ...over.hooks },
    applyAddon: async (addon) => void applied.push(addon.configuration ?? ""),
  })
  adoptNodeGroups(eks)
  const now = systemClock.now()
  const coredns = { name: "coredns", version: "v1", createdAt: now, modifiedAt: now }
  eks.putAddon({ ...coredns, status: "ACTIVE" })
  const { secrets } = over
  const server = createServer(createAwsServer({ cloud, groups, eks, ...(secrets && { secrets }) }))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  assert.ok(typeof address === "object" && address)
  const client = {
    region: "us-west-2",
    endpoint: `http://127.0.0.1:${address.port}`,
    credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret" },
    maxAttempts: 1,
  }
  return {
    cloud,
    applied,
    client,
    ec2: new EC2Client(client),
    asg: new AutoScalingClient(client),
    eks: new EKSClient(client),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      eks[Symbol.dispose]()
      groups[Symbol.dispose]()
      await cloud[Symbol.asyncDispose]()
    },
  }
}
type Lab = Awaited<ReturnType<typeof lab>>

async function scalingGroup(l: Lab) {
  const { AutoScalingGroups } = await l.asg.send(new DescribeAutoScalingGroupsCommand({}))
  const [group] = AutoScalingGroups ?? []
  assert.ok(group)
  return group
}

const nodeGroup = async (l: Lab) =>
  (await l.eks.send(new DescribeNodegroupCommand({ clusterName: name, nodegroupName: "apps" })))
    .nodegroup

async function finished(l: Lab, updateId: string | undefined, of: object) {
  for (let i = 0; i < 2_000; i++) {
    const query = new DescribeUpdateCommand({ name, updateId, ...of })
    const { update } = await l.eks.send(query)
    if (update?.status !== "InProgress") return update
  }
  throw new Error("the update does not end")
}

test("a scaling group grows evenly over its zones and shrinks by what is old", async () => {
  await using l = await lab()
  const before = await scalingGroup(l)
  assert.equal(before.Instances?.length, 2)
  const AutoScalingGroupName = before.AutoScalingGroupName ?? ""
  await l.asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 6 }))
  const grown = await scalingGroup(l)
  const zones = (grown.Instances ?? []).map((i) => i.AvailabilityZone)
  assert.equal(zones.filter((z) => z === "us-west-2a").length, 3)
  assert.equal(zones.length, 6)
  const fresh = [...l.cloud.core.tables.instance.all()].at(-1)
  assert.equal(fresh?.tags["eks:nodegroup-name"], "apps")
  assert.equal(Buffer.from(fresh?.userData ?? "", "base64").toString(), "old")

  await assert.rejects(
    l.asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 99 })),
    { name: "ValidationError", message: /above max value 10/ },
  )
  await l.ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: grown.LaunchTemplate?.LaunchTemplateId,
      SourceVersion: "1",
      LaunchTemplateData: { UserData: Buffer.from("new").toString("base64") },
    }),
  )
  const LaunchTemplate = { ...grown.LaunchTemplate, Version: "2" }
  const { LaunchTemplateName: _, ...byId } = LaunchTemplate
  await l.asg.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName,
      LaunchTemplate: byId,
      DesiredCapacity: 8,
    }),
  )
  await l.asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 2 }))
  const { Instances = [] } = await scalingGroup(l)
  assert.deepEqual(
    Instances.map((i) => i.LaunchTemplate?.Version),
    ["2", "2"],
  )
})

test("an instance that ends is replaced, unless told otherwise", async () => {
  await using l = await lab()
  const { AutoScalingGroupName = "", Instances = [] } = await scalingGroup(l)
  const ids = () =>
    l.asg
      .send(new DescribeAutoScalingInstancesCommand({}))
      .then((r) => r.AutoScalingInstances?.map((i) => i.InstanceId) ?? [])
  const [first, second] = Instances.map((i) => i.InstanceId ?? "")
  assert.ok(first && second)
  await l.ec2.send(new TerminateInstancesCommand({ InstanceIds: [first] }))
  const replaced = await ids()
  assert.equal(replaced.length, 2)
  assert.ok(!replaced.includes(first))

  const ScalingProcesses = ["ReplaceUnhealthy"]
  await l.asg.send(new SuspendProcessesCommand({ AutoScalingGroupName, ScalingProcesses }))
  await l.ec2.send(new TerminateInstancesCommand({ InstanceIds: [second] }))
  assert.equal((await ids()).length, 1)
  await l.asg.send(new ResumeProcessesCommand({ AutoScalingGroupName, ScalingProcesses }))
  assert.equal((await ids()).length, 2)

  const [victim = ""] = await ids()
  const terminate = (InstanceId: string, ShouldDecrementDesiredCapacity: boolean) =>
    l.asg.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId,
        ShouldDecrementDesiredCapacity,
      }),
    )
  const { Activity } = await terminate(victim, true)
  assert.match(Activity?.Description ?? "", new RegExp(victim))
  assert.equal((await scalingGroup(l)).DesiredCapacity, 1)
  await assert.rejects(terminate("i-0bad", true), { name: "ValidationError", message: /i-0bad/ })
  const { Activities } = await l.asg.send(new DescribeScalingActivitiesCommand({}))
  assert.ok((Activities?.length ?? 0) >= 3)
})

test("protected instances stay when the group shrinks", async () => {
  await using l = await lab()
  const { AutoScalingGroupName = "", Instances = [] } = await scalingGroup(l)
  const [oldest = ""] = Instances.map((i) => i.InstanceId ?? "")
  await l.asg.send(
    new SetInstanceProtectionCommand({
      AutoScalingGroupName,
      InstanceIds: [oldest],
      ProtectedFromScaleIn: true,
    }),
  )
  await l.asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 1 }))
  const left = await scalingGroup(l)
  assert.deepEqual(
    left.Instances?.map((i) => [i.InstanceId, i.ProtectedFromScaleIn]),
    [[oldest, true]],
  )
})

async function rollTo2(l: Lab, force = false) {
  const before = await nodeGroup(l)
  await l.ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: before?.launchTemplate?.id,
      SourceVersion: "1",
      LaunchTemplateData: { UserData: Buffer.from("new").toString("base64") },
    }),
  )
  const { update } = await l.eks.send(
    new UpdateNodegroupVersionCommand({
      clusterName: name,
      nodegroupName: "apps",
      launchTemplate: { id: before?.launchTemplate?.id, version: "2" },
      force,
    }),
  )
  return finished(l, update?.id, { nodegroupName: "apps" })
}

test("a node group moves to a new launch template node by node, and ends with its size", async () => {
  const steps: string[] = []
  await using l = await lab({
    hooks: {
      cordon: async () => void steps.push("cordon"),
      drain: async () => {
        steps.push("drain")
        return true
      },
    },
  })
  const update = await rollTo2(l)
  assert.equal(update?.status, "Successful")
  const after = await nodeGroup(l)
  assert.equal(after?.status, "ACTIVE")
  assert.equal(after?.launchTemplate?.version, "2")
  assert.deepEqual(after?.scalingConfig, { minSize: 0, maxSize: 10, desiredSize: 2 })
  const { Instances = [] } = await scalingGroup(l)
  assert.deepEqual(
    Instances.map((i) => i.LaunchTemplate?.Version),
    ["2", "2"],
  )
  // Both old nodes are cordoned before the first is drained.
  assert.deepEqual(steps.slice(0, 4), ["cordon", "cordon", "drain", "drain"])
})

test("pods that cannot be evicted fail an update, and the old nodes serve on", async () => {
  const uncordoned: string[] = []
  await using l = await lab({
    hooks: { drain: async () => false, uncordon: async (id) => void uncordoned.push(id) },
  })
  const old = (await scalingGroup(l)).Instances?.map((i) => i.InstanceId ?? "").sort()
  const update = await rollTo2(l)
  assert.equal(update?.status, "Failed")
  assert.equal(update?.errors?.[0]?.errorCode, "PodEvictionFailure")
  assert.deepEqual(uncordoned.sort(), old)
  const { Instances = [] } = await scalingGroup(l)
  assert.deepEqual(Instances.map((i) => i.InstanceId).sort(), old)
  assert.equal((await nodeGroup(l))?.health?.issues?.[0]?.code, "PodEvictionFailure")
  assert.equal((await rollTo2(l, true))?.status, "Successful")
})

test("sizes, labels and taints change without replacing nodes", async () => {
  const relabelled: string[] = []
  await using l = await lab({ hooks: { relabel: async (g) => void relabelled.push(g.name) } })
  const { update } = await l.eks.send(
    new UpdateNodegroupConfigCommand({
      clusterName: name,
      nodegroupName: "apps",
      scalingConfig: { minSize: 1, maxSize: 4, desiredSize: 3 },
      labels: { addOrUpdateLabels: { team: "net" } },
      taints: { addOrUpdateTaints: [{ key: "old", effect: "NO_SCHEDULE" }] },
    }),
  )
  assert.equal((await finished(l, update?.id, { nodegroupName: "apps" }))?.status, "Successful")
  const group = await nodeGroup(l)
  assert.deepEqual(group?.scalingConfig, { minSize: 1, maxSize: 4, desiredSize: 3 })
  assert.deepEqual(group?.labels, { team: "net" })
  assert.deepEqual(group?.taints, [{ key: "old", effect: "NO_SCHEDULE" }])
  assert.deepEqual(relabelled, ["apps"])
})

test("a node group is made and deleted with its nodes", async () => {
  await using l = await lab()
  const { cluster } = await l.eks.send(new DescribeClusterCommand({ name }))
  await l.eks.send(
    new CreateNodegroupCommand({
      clusterName: name,
      nodegroupName: "new",
      subnets: cluster?.resourcesVpcConfig?.subnetIds ?? [],
      instanceTypes: ["t3.medium"],
      scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 2 },
      nodeRole: "arn:aws:iam::111122223333:role/nodes",
    }),
  )
  const { nodegroups } = await l.eks.send(new ListNodegroupsCommand({ clusterName: name }))
  assert.deepEqual(nodegroups, ["apps", "new"])
  const live = () =>
    [...l.cloud.core.tables.instance.all()].filter(
      (i) => i.tags["eks:nodegroup-name"] === "new" && i.state === "running",
    )
  assert.deepEqual(
    live().map((i) => i.type),
    ["t3.medium", "t3.medium"],
  )
  const about = { clusterName: name, nodegroupName: "new" }
  await assert.rejects(
    l.eks.send(
      new UpdateNodegroupVersionCommand({ ...about, launchTemplate: { name: "eks-apps" } }),
    ),
    { name: "InvalidParameterException", message: /created without one/ },
  )
  await l.eks.send(new DeleteNodegroupCommand(about))
  assert.equal(live().length, 0)
})

test("an add-on's configuration is applied, and bad JSON refused", async () => {
  await using l = await lab()
  const about = { clusterName: name, addonName: "coredns" }
  const set = (configurationValues: string) =>
    l.eks.send(new UpdateAddonCommand({ ...about, configurationValues }))
  const { update } = await set('{"env":{"A":"b"}}')
  assert.equal((await finished(l, update?.id, { addonName: "coredns" }))?.status, "Successful")
  assert.deepEqual(l.applied, ['{"env":{"A":"b"}}'])
  const { addon } = await l.eks.send(new DescribeAddonCommand(about))
  assert.equal(addon?.configurationValues, '{"env":{"A":"b"}}')
  await assert.rejects(set("{"), { name: "InvalidParameterException" })
  const missing = new DescribeAddonCommand({ ...about, addonName: "vpc-cni" })
  await assert.rejects(l.eks.send(missing), { name: "ResourceNotFoundException" })
})

test("clusters, groups and operations that do not exist are named", async () => {
  await using l = await lab()
  await assert.rejects(l.eks.send(new DescribeClusterCommand({ name: "other" })), {
    name: "ResourceNotFoundException",
    message: /other/,
  })
  const answer = await fetch(`${l.client.endpoint}/clusters/${name}/nothing`)
  assert.equal(answer.status, 404)
})

test("with secrets known, only rightly signed requests are served", async () => {
  await using l = await lab({ secrets: new Map([["AKIATEST", "secret"]]) })
  await l.ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "tag:a b+c", Values: ["d/é*'"] }] }))
  await l.asg.send(new DescribeAutoScalingGroupsCommand({}))
  await l.eks.send(new DescribeNodegroupCommand({ clusterName: name, nodegroupName: "apps" }))
  const forged = { ...l.client.credentials, secretAccessKey: "guess" }
  const liar = new EC2Client({ ...l.client, credentials: forged })
  await assert.rejects(liar.send(new DescribeVpcsCommand({})), { name: "AuthFailure" })
  const stranger = { accessKeyId: "AKIAOTHER", secretAccessKey: "secret" }
  const unknown = new AutoScalingClient({ ...l.client, credentials: stranger })
  await assert.rejects(unknown.send(new DescribeAutoScalingGroupsCommand({})), {
    name: "InvalidClientTokenId",
  })
  assert.equal((await fetch(`${l.client.endpoint}/?Action=DescribeVpcs`)).status, 403)
})
