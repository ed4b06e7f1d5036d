import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { contains, overlaps, parseCidr } from "../../vpc/cidr.ts"
import { indexFleet } from "../facts/fleet-index.ts"
import type { AwsFacts, ClusterFacts, Snapshot } from "../snapshot.ts"
import { node, smallFleet } from "../testing/small-fleet.ts"
import { planChange } from "./change-plan.ts"
import type { ChangeRequest } from "./change-request.ts"

const healthy = smallFleet()
const aws = healthy.aws as AwsFacts
const set = healthy.cluster.daemonSet as NonNullable<ClusterFacts["daemonSet"]>
const firstBlock = { id: "vpc-1", tags: {}, cidrs: (aws.vpc?.cidrs ?? []).slice(0, 1) }

/** The small fleet before custom networking: nodes' subnets only, and the stock plugin. */
const before = (cluster: Partial<ClusterFacts> = {}, facts: Partial<AwsFacts> = {}): Snapshot =>
  smallFleet({
    cluster: {
      eniConfigs: [],
      nodes: [node("a", { allocatablePods: 29 }), node("b", { allocatablePods: 29 })],
      daemonSet: { ...set, berth: false, env: {} },
      ...cluster,
    },
    aws: {
      vpc: firstBlock,
      subnets: aws.subnets.filter((s) => s.id.startsWith("subnet-nodes")),
      interfaces: aws.interfaces.filter((i) => i.attachment?.deviceIndex === 0),
      ...facts,
    },
  })

const on: ChangeRequest = { customNetworking: true }
const plan = (snapshot: Snapshot, request: ChangeRequest = on) =>
  planChange(indexFleet(snapshot), request)

test("turning custom networking on goes from block to rotation, the switch after all it needs", () => {
  const { steps, layout, env, maxPods, replace } = plan(before())
  assert.deepEqual(
    steps.map((s) => s.id),
    ["block", "subnets", "routes", "objects", "settings", "max-pods", "switch", "canary", "rotate"],
  )
  assert.deepEqual(
    layout.blocks.map((b) => b.cidr),
    ["100.64.0.0/16"],
  )
  assert.deepEqual(
    layout.subnets.map((s) => [s.zone, s.cidr]),
    [
      ["us-west-2a", "100.64.0.0/19"],
      ["us-west-2b", "100.64.32.0/19"],
    ],
  )
  assert.equal(env.at(-1)?.name, "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG")
  assert.deepEqual(maxPods, [{ type: "m5.large", nodes: 2, now: [29], after: 20 }])
  assert.deepEqual(
    replace.map((r) => r.node),
    ["node-a", "node-b"],
  )
  for (const step of steps) assert.ok(step.commands.length > 0 && step.gate !== "", step.id)
})

test("an idle block of the VPC is used before a new one, and idle subnets before new ones", () => {
  const idleBlock = plan(before({}, { vpc: aws.vpc as NonNullable<AwsFacts["vpc"]> }))
  assert.deepEqual(
    idleBlock.layout.blocks.map((b) => [b.cidr, b.create]),
    [["100.64.0.0/16", false]],
  )
  assert.ok(!idleBlock.steps.some((s) => s.id === "block"))
  const idleSubnets = plan(
    before({}, { vpc: aws.vpc as NonNullable<AwsFacts["vpc"]>, subnets: aws.subnets }),
  )
  assert.deepEqual(
    idleSubnets.layout.subnets.map((s) => s.id),
    ["subnet-pods-a", "subnet-pods-b"],
  )
  assert.equal(idleSubnets.steps[0]?.id, "objects")
  const [config] = idleSubnets.objects
  assert.deepEqual(config?.spec, { subnet: "subnet-pods-a", securityGroups: ["sg-nodes"] })
})

test("a cluster that is set already needs nothing", () => {
  const { steps, objects, env, replace } = plan(healthy)
  assert.deepEqual([steps, objects, env, replace], [[], [], [], []])
})

test("with Berth ENIs converge without new nodes; only max-pods that is too high replaces one", () => {
  const berth = { daemonSet: { ...set, env: {} } }
  assert.deepEqual(plan(before({ ...berth, nodes: [node("a"), node("b")] })).replace, [])
  assert.deepEqual(
    plan(before(berth)).replace.map((r) => r.reasons),
    [["max-pods"], ["max-pods"]],
  )
})

test("where EKS manages the plugin the settings go into the add-on", () => {
  const addon = { version: "v1.23.1", configuration: '{"env":{"WARM_IP_TARGET":"2"},"init":{}}' }
  const eks = { version: "1.35", ipFamily: "ipv4" as const, subnetIds: [], addon }
  const { steps, risks } = plan(before({}, { eks }))
  const [first = "", command = ""] = steps.find((s) => s.id === "switch")?.commands ?? []
  assert.match(first, /^kubectl set env .*CUSTOM_NETWORK_CFG=true$/)
  assert.match(command, /update-addon.*PRESERVE/)
  const values = JSON.parse(/'(.*)'/.exec(command)?.[1] ?? "")
  assert.deepEqual(values, {
    // The configuration is replaced as a whole: what the step before has set is in it.
    env: {
      WARM_IP_TARGET: "2",
      ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone",
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
    },
    init: {},
  })
  assert.ok(risks.some((r) => /add-on/.test(r.says)))
})

test("max-pods changes by the launch template of each group, managed by EKS or not", () => {
  const group = { min: 1, max: 3, desired: 1, subnetIds: [], tags: {} }
  const lt = (id: string, version: string) => ({ launchTemplate: { id, version } })
  const fleet = before(
    {},
    {
      autoScalingGroups: [
        { ...group, name: "own", instanceIds: ["i-a"], ...lt("lt-own", "3") },
        { ...group, name: "eks-apps-1", instanceIds: ["i-b"], ...lt("lt-eks", "1") },
      ],
      nodeGroups: [
        {
          ...{ name: "apps", status: "ACTIVE", instanceTypes: [], customAmi: true, labels: {} },
          ...{ autoScalingGroups: ["eks-apps-1"], scaling: { min: 1, max: 3, desired: 1 } },
          ...lt("lt-apps", "7"),
        },
      ],
    },
  )
  const commands = plan(fleet).steps.find((s) => s.id === "max-pods")?.commands ?? []
  const [own, version, taken, eks, theirs, update] = commands
  assert.match(own ?? "", /^berth user-data \S+ --max-pods 20 --endpoint "\$\(aws eks .* > /)
  assert.match(version ?? "", /create-launch-template-version .*lt-own --source-version 3 /)
  assert.match(taken ?? "", /update-auto-scaling-group .*own .*LaunchTemplateId=lt-own/)
  assert.match(eks ?? "", /--max-pods 20 --node-group managed-custom-ami --endpoint /)
  assert.match(theirs ?? "", /create-launch-template-version .*lt-apps --source-version 7 /)
  assert.match(update ?? "", /update-nodegroup-version .*apps --launch-template "id=lt-apps/)
  assert.equal(commands.length, 6)
})

test("the cluster's security group is the first choice for pods, unless others are asked for", () => {
  const eks = {
    version: "1.35",
    ipFamily: "ipv4" as const,
    subnetIds: [],
    clusterSecurityGroup: "sg-cluster",
  }
  const groupsOf = (request: ChangeRequest) => {
    const [config] = plan(before({}, { eks }), request).objects
    return config?.spec && "subnet" in config.spec ? config.spec.securityGroups : undefined
  }
  assert.deepEqual(groupsOf(on), ["sg-cluster"])
  assert.deepEqual(groupsOf({ ...on, securityGroups: ["sg-1"] }), ["sg-1"])
})

test("a pool takes the place of an ENIConfig a zone, and needs no label key", () => {
  const { objects, env } = plan(before(), { ...on, pool: "pods" })
  assert.deepEqual(
    objects.map((o) => o.kind),
    ["SubnetPool"],
  )
  assert.deepEqual(
    env.map((e) => e.name),
    ["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"],
  )
})

test("a block that AWS would refuse, or that is too small, is a risk with its reason", () => {
  const refused = plan(before(), { ...on, block: "192.168.0.0/16" })
  assert.ok(refused.risks.some((r) => /cannot have a block of 192\.168\.0\.0\/16/.test(r.says)))
  const small = plan(before(), { ...on, block: "100.64.0.0/27" })
  assert.ok(small.risks.some((r) => /has 11 addresses, and full nodes want 40/.test(r.says)))
})

test("a zone without room is named", () => {
  const { layout, risks } = plan(before(), { ...on, block: "100.64.0.0/19", subnetLength: 19 })
  assert.deepEqual(layout.unplaced, ["us-west-2b"])
  assert.ok(risks.some((r) => /no room for a pod subnet in us-west-2b/.test(r.says)))
})

test("prefixes change max-pods and nothing about nodes that promise less", () => {
  const { env, maxPods, replace } = plan(healthy, { prefixDelegation: true })
  assert.deepEqual(
    env.map((e) => [e.name, e.value]),
    [["ENABLE_PREFIX_DELEGATION", "true"]],
  )
  assert.deepEqual(
    maxPods.map((m) => m.after),
    [110],
  )
  assert.deepEqual(replace, [])
})

test("what could not be read is said, and stops nothing", () => {
  const { aws: _, ...blind } = before()
  const { preflight, layout } = plan({
    ...blind,
    unread: [{ what: "ec2:DescribeVpcs", why: "AccessDenied" }],
  })
  assert.ok(preflight.unknown.some((u) => /AccessDenied/.test(u)))
  assert.deepEqual(preflight.blockers, [])
  assert.ok(layout.subnets.length > 0)
})

test("planned subnets are inside planned blocks, apart from each other and from what is there", () => {
  const request: fc.Arbitrary<ChangeRequest> = fc.record(
    {
      customNetworking: fc.constant(true),
      prefixDelegation: fc.boolean(),
      morePods: fc.nat(20_000),
      moreNodes: fc.nat(300),
      subnetLength: fc.integer({ min: 16, max: 28 }),
    },
    { requiredKeys: ["customNetworking"] },
  )
  const cidr = (text: string) => {
    const parsed = parseCidr(text)
    assert.ok(parsed)
    return parsed
  }
  fc.assert(
    fc.property(request, fc.boolean(), (r, idle) => {
      const snapshot = before({}, idle ? { vpc: aws.vpc as NonNullable<AwsFacts["vpc"]> } : {})
      const { layout } = plan(snapshot, r)
      const subnets = layout.subnets.map((s) => cidr(s.cidr))
      const there = (snapshot.aws?.subnets ?? []).map((s) => cidr(s.cidr))
      for (const [i, subnet] of subnets.entries()) {
        assert.ok(layout.blocks.some((b) => contains(cidr(b.cidr), subnet)))
        assert.ok([...subnets.slice(i + 1), ...there].every((other) => !overlaps(subnet, other)))
      }
      assert.equal(layout.subnets.length + layout.unplaced.length, 2)
    }),
  )
})
