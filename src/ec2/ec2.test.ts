// One case table over both implementations of the port: straight on the emulated cloud, and the SDK over the wire.
import assert from "node:assert/strict"
import { createServer } from "node:http"
import { describe, test } from "node:test"
import { systemClock } from "../clock.ts"
import { createEc2Server } from "../lab/aws/ec2-server.ts"
import type { CreateInterface, Ec2 } from "./ec2.ts"
import { type Cloud, createCloud } from "./memory/cloud.ts"
import { runInstances } from "./memory/instances.ts"
import { memoryEc2 } from "./memory/memory-ec2.ts"
import { createSecurityGroup } from "./memory/security-groups.ts"
import { createSubnet } from "./memory/subnets.ts"
import { createVpc } from "./memory/vpcs.ts"
import { sdkEc2 } from "./sdk/sdk-ec2.ts"

const region = "us-west-2"

function makeWorld() {
  const cloud = createCloud({ clock: systemClock, random: seeded(1), region })
  const { core } = cloud
  const vpc = createVpc(core, { cidr: "10.0.0.0/16", tags: { Name: "main" } })
  const other = createVpc(core, { cidr: "10.9.0.0/16" })
  const subnet = createSubnet(core, {
    vpcId: vpc.id,
    cidr: "10.0.1.0/24",
    zone: "us-west-2a",
    tags: { Name: "pods *?\\ <&>", use: "pods" },
  })
  const small = createSubnet(core, { vpcId: vpc.id, cidr: "10.0.2.0/28", zone: "us-west-2a" })
  const far = createSubnet(core, { vpcId: vpc.id, cidr: "10.0.3.0/24", zone: "us-west-2b" })
  const group = createSecurityGroup(core, {
    vpcId: vpc.id,
    name: "pods",
    description: "for pods",
    tags: { team: "net" },
  })
  const foreign = createSecurityGroup(core, { vpcId: other.id, name: "other", description: "x" })
  const [instance] = runInstances(core, {
    type: "m5.large",
    subnetId: subnet.id,
    tags: { Name: "node-1" },
  })
  assert.ok(instance)
  const wanted = (over: Partial<CreateInterface> = {}): CreateInterface => ({
    subnetId: subnet.id,
    securityGroups: [group.id],
    description: "aws-K8S-i-1",
    tags: { "node.k8s.amazonaws.com/instance_id": instance.id },
    clientToken: `token-${Math.random()}`,
    ...over,
  })
  return { cloud, vpc, subnet, small, far, group, foreign, instance, wanted }
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return state / 2 ** 31
  }
}

type World = ReturnType<typeof makeWorld>
interface Implementation {
  readonly name: string
  /** The port over `cloud`, and how to let go of it. */
  readonly open: (cloud: Cloud) => Promise<{ ec2: Ec2; close: () => void }>
}

async function listen(cloud: Cloud): Promise<{ url: string; close: () => void }> {
  const server = createServer(createEc2Server(cloud))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  assert.ok(typeof address === "object" && address)
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${address.port}`, close }
}

const implementations: readonly Implementation[] = [
  { name: "memory", open: async (cloud) => ({ ec2: memoryEc2(cloud), close: () => {} }) },
  {
    name: "sdk over the wire",
    open: async (cloud) => {
      const { url, close } = await listen(cloud)
      const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret" }
      return { ec2: sdkEc2({ region, endpoint: url, maxAttempts: 1, credentials }), close }
    },
  },
]

interface Case {
  readonly name: string
  readonly run: (ec2: Ec2, world: World) => Promise<void>
}

const cases: readonly Case[] = [
  {
    name: "a VPC shows every block, the primary first",
    run: async (ec2, { vpc }) => {
      const [found] = await ec2.describeVpcs({ ids: [vpc.id] })
      assert.equal(found?.cidrs[0]?.cidr, "10.0.0.0/16")
      assert.deepEqual(found, { id: vpc.id, cidrs: vpc.cidrs, tags: { Name: "main" } })
    },
  },
  {
    name: "subnets are found by VPC, zone and tags, wildcards in tag values taken literally",
    run: async (ec2, { vpc, subnet, small, far }) => {
      const ids = async (query: Parameters<Ec2["describeSubnets"]>[0]) =>
        (await ec2.describeSubnets(query)).map((s) => s.id)
      assert.deepEqual(await ids({ vpcId: vpc.id }), [subnet.id, small.id, far.id])
      assert.deepEqual(await ids({ vpcId: vpc.id, zone: "us-west-2b" }), [far.id])
      assert.deepEqual(await ids({ tags: { use: "*" } }), [subnet.id])
      assert.deepEqual(await ids({ tags: { Name: "pods *?\\ <&>" } }), [subnet.id])
      assert.deepEqual(await ids({ tags: { Name: "pods xx\\ <&>" } }), [])
      assert.deepEqual(await ids({ ids: [] }), [])
      const [shown] = await ec2.describeSubnets({ ids: [subnet.id] })
      assert.equal(shown?.zone, "us-west-2a")
      assert.equal(shown?.availableAddresses, 250)
    },
  },
  {
    name: "security groups are found by name and tag",
    run: async (ec2, { vpc, group }) => {
      const found = await ec2.describeSecurityGroups({ vpcId: vpc.id, names: ["pods"] })
      assert.deepEqual(found, [
        { id: group.id, name: "pods", vpcId: vpc.id, tags: { team: "net" } },
      ])
      const tagged = await ec2.describeSecurityGroups({ tags: { team: "net" } })
      assert.deepEqual(tagged, found)
    },
  },
  {
    name: "an instance shows its interfaces in order, without their tags",
    run: async (ec2, { instance, wanted }) => {
      const eni = await ec2.createNetworkInterface(wanted({ addressCount: 1 }))
      await ec2.attachNetworkInterface({ id: eni.id, instanceId: instance.id, deviceIndex: 1 })
      const [found] = await ec2.describeInstances({ ids: [instance.id] })
      assert.equal(found?.type, "m5.large")
      assert.equal(found?.state, "running")
      assert.deepEqual(found?.tags, { Name: "node-1" })
      assert.deepEqual(
        found?.interfaces.map((i) => [i.attachment?.deviceIndex, i.attachment?.instanceId]),
        [
          [0, instance.id],
          [1, instance.id],
        ],
      )
      assert.deepEqual(found?.interfaces[1]?.tags, {})
      assert.deepEqual(found?.interfaces[1]?.addresses, eni.addresses)
      assert.equal(found?.interfaces[0]?.zone, "us-west-2a")
    },
  },
  {
    name: "a created interface is described as it was returned",
    run: async (ec2, { group, subnet, instance, wanted }) => {
      const eni = await ec2.createNetworkInterface(wanted({ addressCount: 3 }))
      assert.deepEqual(eni.securityGroups, [group.id])
      assert.equal(eni.addresses.length, 3)
      assert.equal(eni.status, "available")
      assert.match(eni.mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
      const tags = { "node.k8s.amazonaws.com/instance_id": instance.id }
      const found = await ec2.describeNetworkInterfaces({ tags, status: "available" })
      assert.deepEqual(found, [eni])
      assert.deepEqual(await ec2.describeNetworkInterfaces({ subnetId: "subnet-none" }), [])
      const [after] = await ec2.describeSubnets({ ids: [subnet.id] })
      assert.equal(after?.availableAddresses, 246)
    },
  },
  {
    name: "a repeated client token returns the first interface, and refuses other parameters",
    run: async (ec2, { wanted }) => {
      const request = wanted({ addressCount: 2 })
      const first = await ec2.createNetworkInterface(request)
      assert.deepEqual(await ec2.createNetworkInterface(request), first)
      await assert.rejects(ec2.createNetworkInterface({ ...request, addressCount: 3 }), {
        code: "ec2/token-reused",
      })
    },
  },
  {
    name: "prefixes are whole /28 blocks inside the subnet",
    run: async (ec2, { subnet, wanted }) => {
      const eni = await ec2.createNetworkInterface(wanted({ prefixCount: 2 }))
      assert.deepEqual(eni.prefixes, ["10.0.1.16/28", "10.0.1.32/28"])
      const more = await ec2.assignAddresses({ id: eni.id, prefixCount: 1 })
      assert.deepEqual(more, { addresses: [], prefixes: ["10.0.1.48/28"] })
      await ec2.unassignAddresses({ id: eni.id, prefixes: ["10.0.1.16/28"] })
      const [after] = await ec2.describeNetworkInterfaces({ ids: [eni.id] })
      assert.deepEqual(after?.prefixes, ["10.0.1.32/28", "10.0.1.48/28"])
      const [left] = await ec2.describeSubnets({ ids: [subnet.id] })
      assert.equal(left?.availableAddresses, 250 - 1 - 32)
    },
  },
  {
    name: "addresses are assigned by number and by name, and taken back",
    run: async (ec2, { wanted }) => {
      const eni = await ec2.createNetworkInterface(wanted())
      const { addresses } = await ec2.assignAddresses({ id: eni.id, addressCount: 2 })
      assert.equal(addresses.length, 2)
      const named = await ec2.assignAddresses({ id: eni.id, addresses: ["10.0.1.200"] })
      assert.deepEqual(named.addresses, ["10.0.1.200"])
      await ec2.unassignAddresses({ id: eni.id, addresses })
      const [after] = await ec2.describeNetworkInterfaces({ ids: [eni.id] })
      assert.deepEqual(after?.addresses, ["10.0.1.200"])
    },
  },
  {
    name: "an interface goes through attach, delete-on-termination, detach and delete",
    run: async (ec2, { instance, wanted }) => {
      const eni = await ec2.createNetworkInterface(wanted())
      const attachmentId = await ec2.attachNetworkInterface({
        id: eni.id,
        instanceId: instance.id,
        deviceIndex: 1,
      })
      await ec2.modifyNetworkInterface({ id: eni.id, attachmentId, deleteOnTermination: true })
      const [attached] = await ec2.describeNetworkInterfaces({
        instanceId: instance.id,
        tags: eni.tags,
      })
      const ofBoth = { instanceId: [instance.id, "i-0other"], tags: eni.tags }
      assert.deepEqual(await ec2.describeNetworkInterfaces(ofBoth), [attached])
      assert.deepEqual(await ec2.describeNetworkInterfaces({ instanceId: [] }), [])
      assert.equal(attached?.status, "in-use")
      assert.deepEqual(attached?.attachment, {
        id: attachmentId,
        instanceId: instance.id,
        deviceIndex: 1,
        networkCard: 0,
        deleteOnTermination: true,
        state: "attached",
      })
      await assert.rejects(ec2.deleteNetworkInterface({ id: eni.id }), {
        code: "ec2/in-use",
        detail: { resource: eni.id },
      })
      await ec2.detachNetworkInterface({ attachmentId })
      await ec2.deleteNetworkInterface({ id: eni.id })
      await ec2.deleteNetworkInterface({ id: eni.id })
      await assert.rejects(ec2.describeNetworkInterfaces({ ids: [eni.id] }), {
        code: "ec2/not-found",
        detail: { resource: eni.id },
      })
    },
  },
  {
    name: "security groups of an interface change in place",
    run: async (ec2, { vpc, group, wanted }) => {
      const eni = await ec2.createNetworkInterface(wanted())
      const [standard] = await ec2.describeSecurityGroups({ vpcId: vpc.id, names: ["default"] })
      assert.ok(standard)
      await ec2.modifyNetworkInterface({ id: eni.id, securityGroups: [standard.id, group.id] })
      const [after] = await ec2.describeNetworkInterfaces({ ids: [eni.id] })
      assert.deepEqual(after?.securityGroups, [standard.id, group.id])
      assert.deepEqual(after?.tags, eni.tags)
    },
  },
  {
    name: "a full subnet and one without a free /28 are told apart",
    run: async (ec2, { small, wanted }) => {
      const subnetId = small.id
      await assert.rejects(ec2.createNetworkInterface(wanted({ subnetId, prefixCount: 1 })), {
        code: "ec2/no-free-prefix",
        detail: { subnet: subnetId },
      })
      const eni = await ec2.createNetworkInterface(wanted({ subnetId, addressCount: 10 }))
      await assert.rejects(ec2.createNetworkInterface(wanted({ subnetId })), {
        code: "ec2/subnet-full",
        detail: { subnet: subnetId },
      })
      await assert.rejects(ec2.assignAddresses({ id: eni.id, addressCount: 1 }), {
        code: "ec2/subnet-full",
        detail: { eni: eni.id },
      })
    },
  },
  {
    name: "limits of the instance type are enforced",
    run: async (ec2, { instance, wanted }) => {
      const [a, b, c] = await Promise.all(
        [9, 0, 0].map((addressCount) => ec2.createNetworkInterface(wanted({ addressCount }))),
      )
      assert.ok(a && b && c)
      const attach = (id: string, deviceIndex: number) =>
        ec2.attachNetworkInterface({ id, instanceId: instance.id, deviceIndex })
      await attach(a.id, 1)
      await assert.rejects(ec2.assignAddresses({ id: a.id, addressCount: 1 }), {
        code: "ec2/limit",
      })
      await attach(b.id, 2)
      await assert.rejects(attach(c.id, 3), { code: "ec2/limit" })
    },
  },
  {
    name: "an interface of another zone is not attached",
    run: async (ec2, { far, instance, wanted }) => {
      const eni = await ec2.createNetworkInterface(wanted({ subnetId: far.id }))
      await assert.rejects(
        ec2.attachNetworkInterface({ id: eni.id, instanceId: instance.id, deviceIndex: 1 }),
        { code: "ec2/zone-mismatch" },
      )
    },
  },
  {
    name: "unknown subnets and groups, and a group of another VPC, are named",
    run: async (ec2, { foreign, wanted }) => {
      await assert.rejects(ec2.createNetworkInterface(wanted({ subnetId: "subnet-0abc" })), {
        code: "ec2/not-found",
        detail: { resource: "subnet-0abc" },
      })
      await assert.rejects(ec2.createNetworkInterface(wanted({ securityGroups: ["sg-0abc"] })), {
        code: "ec2/not-found",
        detail: { resource: "sg-0abc" },
      })
      await assert.rejects(ec2.createNetworkInterface(wanted({ securityGroups: [foreign.id] })), {
        code: "ec2/not-found",
      })
    },
  },
  {
    name: "throttling, missing rights and a broken service are told apart",
    run: async (ec2, { cloud, vpc }) => {
      const query = { ids: [vpc.id] }
      const action = "DescribeVpcs"
      const failures = [
        [{ action, code: "RequestLimitExceeded", status: 503 }, "ec2/throttled"],
        [{ action, code: "UnauthorizedOperation", status: 403 }, "ec2/unauthorized"],
        [{ action, code: "InternalError", status: 500 }, "ec2/unavailable"],
        [{ action, code: "AuthFailure", status: 401 }, "ec2/credentials"],
        [{ action, code: "SomethingNew" }, "ec2/failed"],
      ] as const
      for (const [failure, code] of failures) {
        const undo = cloud.conduct.inject(failure)
        await assert.rejects(ec2.describeVpcs(query), { code })
        undo()
      }
      assert.equal((await ec2.describeVpcs(query)).length, 1)
    },
  },
  {
    name: "an aborted call rejects with the signal's reason, though the effect may happen",
    run: async (ec2, { cloud, wanted }) => {
      cloud.conduct.setLatency("CreateNetworkInterface", 40)
      const aborted = new AbortController()
      const request = wanted()
      const call = ec2.createNetworkInterface(request, { signal: aborted.signal })
      const created = new Promise<void>((resolve) => {
        const stop = cloud.onChange((change) => {
          if (change.kind !== "networkInterface") return
          stop()
          resolve()
        })
      })
      await created
      aborted.abort(new Error("enough"))
      await assert.rejects(call, /enough/)
      const again = await ec2.createNetworkInterface(request)
      assert.deepEqual(await ec2.describeNetworkInterfaces({ status: "available" }), [again])
    },
  },
  {
    name: "every page is read",
    run: async (ec2, { cloud, wanted }) => {
      for (let i = 0; i < 12; i++) await ec2.createNetworkInterface(wanted())
      const found = await ec2.describeNetworkInterfaces({ status: "available" })
      assert.equal(new Set(found.map((i) => i.id)).size, 12)
      assert.ok((cloud.calls.get("DescribeNetworkInterfaces") ?? 0) >= 1)
    },
  },
]

for (const implementation of implementations)
  describe(`Ec2: ${implementation.name}`, () => {
    for (const { name, run } of cases)
      test(name, async () => {
        const world = makeWorld()
        const { ec2, close } = await implementation.open(world.cloud)
        try {
          await run(ec2, world)
        } finally {
          close()
          await world.cloud[Symbol.asyncDispose]()
        }
      })
  })

test("W34: AWS_ENDPOINT_URL_EC2 reaches the client that makes the calls", async () => {
  const world = makeWorld()
  const wire = await listen(world.cloud)
  const before = { ...process.env }
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_EC2: wire.url,
    AWS_ACCESS_KEY_ID: "AKIATEST",
    AWS_SECRET_ACCESS_KEY: "secret",
  })
  try {
    const [vpc] = await sdkEc2({ region, maxAttempts: 1 }).describeVpcs({ ids: [world.vpc.id] })
    assert.equal(vpc?.id, world.vpc.id)
  } finally {
    process.env = before
    wire.close()
    await world.cloud[Symbol.asyncDispose]()
  }
})

test("an address where nobody answers is unavailable, not unknown", async () => {
  const world = makeWorld()
  const wire = await listen(world.cloud)
  wire.close()
  const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret" }
  const ec2 = sdkEc2({ region, endpoint: wire.url, maxAttempts: 1, credentials })
  await assert.rejects(ec2.describeVpcs({ ids: [world.vpc.id] }), { code: "ec2/unavailable" })
})
