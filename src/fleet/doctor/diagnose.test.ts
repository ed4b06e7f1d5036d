import assert from "node:assert/strict"
import { test } from "node:test"
import type { NetworkInterface } from "../../vpc/model.ts"
import { indexFleet } from "../facts/fleet-index.ts"
import type { AwsFacts, ClusterFacts, Snapshot } from "../snapshot.ts"
import { node, pod, smallFleet } from "../testing/small-fleet.ts"
import { checks } from "./checks.ts"
import { diagnose } from "./diagnose.ts"
import { severities } from "./finding.ts"

const healthy = smallFleet()
const aws = healthy.aws as AwsFacts
const { cluster } = healthy
const set = cluster.daemonSet as NonNullable<ClusterFacts["daemonSet"]>

const withEnv = (env: Record<string, string>, berth = true, more = {}): Partial<ClusterFacts> => ({
  daemonSet: { ...set, berth, env: { ...set.env, ...env }, ...more },
})
const stock = (env: Record<string, string> = {}, image = "amazon-k8s-cni:v1.23.1") =>
  withEnv(env, false, { image })
const withBlocks = (...more: [cidr: string, state: string][]): Partial<AwsFacts> => ({
  vpc: {
    id: "vpc-1",
    tags: {},
    cidrs: [
      ...(aws.vpc?.cidrs ?? []),
      ...more.map(([cidr, state], i) => ({ cidr, state, associationId: `assoc-${i}` })),
    ],
  },
})
const subnetsWith = (
  id: string,
  change: Partial<AwsFacts["subnets"][number]>,
): Partial<AwsFacts> => ({
  subnets: aws.subnets.map((s) => (s.id === id ? { ...s, ...change } : s)),
})
const interfacesWith = (id: string, change: Partial<NetworkInterface>): Partial<AwsFacts> => ({
  interfaces: aws.interfaces.map((i) => (i.id === id ? { ...i, ...change } : i)),
})
const configs = (change: Partial<ClusterFacts["eniConfigs"][number]>): Partial<ClusterFacts> => ({
  eniConfigs: cluster.eniConfigs.map((c, i) => (i === 0 ? { ...c, ...change } : c)),
})
const nodesWith = (change: Parameters<typeof node>[1]): Partial<ClusterFacts> => ({
  nodes: [node("a", change), node("b")],
})
const routes = (...more: AwsFacts["routeTables"][number]["routes"]): Partial<AwsFacts> => ({
  routeTables: aws.routeTables.map((t) => ({ ...t, routes: [...t.routes, ...more] })),
})
const eks = { version: "1.35", ipFamily: "ipv4" as const, subnetIds: ["subnet-nodes-a"] }
const free = (
  one: NetworkInterface | undefined,
  change: Partial<NetworkInterface>,
): NetworkInterface => {
  assert.ok(one)
  const { attachment: _, ...rest } = one
  return { ...rest, ...change }
}
const failing = (message: string): ClusterFacts["warnings"][number] => ({
  at: "2026-11-23T02:59:00Z",
  kind: "Pod",
  namespace: "shop",
  name: "web-3",
  reason: "FailedCreatePodSandBox",
  message,
  count: 3,
})
const opaque = failing("add cmd: failed to assign an IP address to container")
const stuckPod = { pods: [...cluster.pods, pod("web-3", "a")], warnings: [opaque] }
const rules = (
  id: string,
  list: AwsFacts["securityGroups"][number]["rules"],
): Partial<AwsFacts> => ({
  securityGroups: aws.securityGroups.map((g) => (g.id === id && list ? { ...g, rules: list } : g)),
})
const egress = { direction: "egress", protocol: "-1", peer: "0.0.0.0/0" } as const

const binding = {
  ...{ namespace: "shop", name: "web-tgb", service: "web" },
  ...{ targetType: "ip", vpcId: "vpc-lb" },
}
const peering = {
  ...{ id: "pcx-1", status: "active" },
  ...{ peerVpcId: "vpc-lb", peerCidrs: ["10.9.0.0/16"] },
}

interface Change {
  readonly cluster?: Partial<ClusterFacts>
  readonly aws?: Partial<AwsFacts>
  readonly logs?: Snapshot["logs"]
}

const findingsOf = ({ logs, ...change }: Change) =>
  diagnose(indexFleet({ ...smallFleet(change), ...(logs && { logs }) })).findings

/** What is wrong, which checks must say so (and no other), and words of the finding. */
const cases: [what: string, change: Change, ids: string[], words: RegExp][] = [
  [
    "a block that may not be added",
    { aws: withBlocks(["192.168.0.0/16", "failed"]) },
    ["V01"],
    /cannot have a block/,
  ],
  [
    "no room for another block while pods run out",
    {
      aws: {
        ...withBlocks(
          ["100.65.0.0/16", "associated"],
          ["100.66.0.0/16", "associated"],
          ["100.67.0.0/16", "associated"],
        ),
        ...subnetsWith("subnet-pods-a", { availableAddresses: 9 }),
      },
    },
    ["S05", "V02", "X03"],
    /5 of 5/,
  ],
  [
    "a route in a new block's way",
    {
      aws: {
        ...withBlocks(["100.66.0.0/16", "associating"]),
        ...routes({ destination: "100.66.4.0/24", target: "tgw-1" }),
      },
    },
    ["V03", "V04", "V06"],
    /100\.66\.4\.0\/24 -> tgw-1/,
  ],
  [
    "a block that the services use",
    { aws: { eks: { ...eks, serviceCidr: "100.64.0.0/20" } } },
    ["V04"],
    /services/,
  ],
  [
    "a block that Docker uses",
    { aws: withBlocks(["172.17.0.0/16", "associated"]) },
    ["V04"],
    /Docker's bridge/,
  ],
  [
    "a peering that waits",
    { aws: { peerings: [{ id: "pcx-1", status: "pending-acceptance", peerCidrs: [] }] } },
    ["V05"],
    /pcx-1/,
  ],
  [
    "a block under way",
    { aws: withBlocks(["100.65.0.0/16", "associating"]) },
    ["V06"],
    /associating/,
  ],
  [
    "webhooks that time out",
    {
      cluster: {
        warnings: [
          {
            ...failing('failed calling webhook "x": context deadline exceeded'),
            kind: "ReplicaSet",
          },
        ],
      },
    },
    ["V07"],
    /webhook/,
  ],
  [
    "a zone without a pod subnet",
    { cluster: { eniConfigs: cluster.eniConfigs.slice(0, 1) } },
    ["S01", "N01"],
    /us-west-2b/,
  ],
  [
    "a subnet of another zone",
    { cluster: configs({ spec: { subnet: "subnet-pods-b", securityGroups: ["sg-pods"] } }) },
    ["S01", "S02"],
    /us-west-2b, but node node-a/,
  ],
  [
    "an unknown subnet",
    { cluster: configs({ spec: { subnet: "subnet-x" } }) },
    ["S01", "S02", "G03"],
    /subnet-x/,
  ],
  [
    "a black hole",
    { aws: routes({ destination: "172.31.0.0/16", target: "pcx-9", blackhole: true }) },
    ["S03"],
    /blackhole/,
  ],
  [
    "an ACL that drops answers",
    { aws: { networkAcls: [{ id: "acl-1", subnetIds: ["subnet-pods-a"], entries: [] }] } },
    ["S04"],
    /answers/,
  ],
  [
    "a full subnet",
    { aws: subnetsWith("subnet-pods-a", { availableAddresses: 0 }) },
    ["S05", "X03"],
    /0 free addresses/,
  ],
  [
    "a fragmented subnet",
    {
      cluster: {
        ...withEnv({ ENABLE_PREFIX_DELEGATION: "true" }),
        nodes: [node("a", { allocatablePods: 110 }), node("b", { allocatablePods: 110 })],
      },
      aws: {
        ...subnetsWith("subnet-pods-a", { cidr: "100.64.0.0/26" }),
        ...interfacesWith("eni-a1", {
          primaryAddress: "100.64.0.17",
          addresses: ["100.64.0.33", "100.64.0.10"],
        }),
      },
    },
    ["S06"],
    /create-subnet-cidr-reservation|whole \/28/,
  ],
  [
    "a load balancer among pods",
    {
      aws: {
        interfaces: [
          ...aws.interfaces,
          free(aws.interfaces[1], {
            id: "eni-lb",
            description: "ELB app/x",
            primaryAddress: "100.64.0.99",
            addresses: [],
          }),
        ],
      },
    },
    ["S07"],
    /load balancers/,
  ],
  [
    "the control plane among pods",
    { aws: { eks: { ...eks, subnetIds: ["subnet-pods-a"] } } },
    ["S08"],
    /starve/,
  ],
  [
    "a control plane without addresses",
    { aws: { eks, ...subnetsWith("subnet-nodes-a", { availableAddresses: 3 }) } },
    ["S08"],
    /upgrade needs 5/,
  ],
  [
    "a discovery tag that nobody reads",
    {
      cluster: { ...stock({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "false" }), eniConfigs: [] },
      aws: {
        ...subnetsWith("subnet-nodes-a", {
          availableAddresses: 99,
          tags: { "kubernetes.io/role/cni": "1", "cni.networking.k8s.aws/cluster/blue": "x" },
        }),
        interfaces: [],
      },
    },
    ["S05", "S09"],
    /CLUSTER_NAME/,
  ],
  [
    "pod subnets tagged for load balancers",
    { aws: subnetsWith("subnet-pods-a", { tags: { "kubernetes.io/role/internal-elb": "1" } }) },
    ["S10"],
    /load balancers/,
  ],
  [
    "a missing security group",
    { cluster: configs({ spec: { subnet: "subnet-pods-a", securityGroups: ["sg-x"] } }) },
    ["G01"],
    /sg-x/,
  ],
  ["groups that close DNS", { aws: rules("sg-pods", [egress]) }, ["G02"], /DNS/],
  [
    "an ENIConfig without groups",
    { cluster: configs({ spec: { subnet: "subnet-pods-a" } }) },
    ["G03"],
    /primary ENI/,
  ],
  [
    "a policy in place of the ENIConfig's groups",
    {
      cluster: {
        securityGroupPolicies: [
          {
            apiVersion: "vpcresources.k8s.aws/v1beta1",
            kind: "SecurityGroupPolicy",
            metadata: { name: "db", namespace: "shop" },
            spec: { podSelector: {}, securityGroups: { groupIds: ["sg-pods"] } },
          },
        ],
      },
    },
    ["G04"],
    /2 pods have/,
  ],
  [
    "two groups and no cluster tag",
    {
      cluster: configs({
        spec: { subnet: "subnet-pods-a", securityGroups: ["sg-pods", "sg-nodes"] },
      }),
    },
    ["G05"],
    /exactly one/,
  ],
  [
    "rules that know the first block only",
    {
      aws: rules("sg-pods", [
        egress,
        { direction: "ingress", protocol: "-1", peer: "10.0.0.0/24" },
        { direction: "ingress", protocol: "udp", fromPort: 53, toPort: 53, peer: "sg-pods" },
        { direction: "ingress", protocol: "tcp", fromPort: 53, toPort: 53, peer: "sg-pods" },
      ]),
    },
    ["G06"],
    /first block/,
  ],
  [
    "a missing ENIConfig",
    { cluster: nodesWith({ annotations: { "k8s.amazonaws.com/eniConfig": "gone" } }) },
    ["N01", "N02"],
    /gone/,
  ],
  [
    "a second ENIConfig by annotation",
    {
      cluster: {
        ...nodesWith({ annotations: { "k8s.amazonaws.com/eniConfig": "manual" } }),
        eniConfigs: [
          ...cluster.eniConfigs,
          {
            ...cluster.eniConfigs[0],
            metadata: { name: "manual" },
          } as ClusterFacts["eniConfigs"][number],
        ],
      },
    },
    ["N02"],
    /overrules/,
  ],
  [
    "zone names without the zone's label",
    { cluster: { ...withEnv({ ENI_CONFIG_LABEL_DEF: "" }) } },
    ["N01", "N03"],
    /ENI_CONFIG_LABEL_DEF/,
  ],
  [
    "ENIs in an old subnet",
    { cluster: stock(), aws: interfacesWith("eni-a1", { subnetId: "subnet-nodes-a" }) },
    ["N04", "R07"],
    /eni-a1 is in subnet-nodes-a/,
  ],
  [
    "addresses that the original's primary ENI goes on handing out",
    { cluster: stock(), aws: interfacesWith("eni-a0", { addresses: ["10.0.0.5"] }) },
    ["N04"],
    /eni-a0 is in subnet-nodes-a/,
  ],
  [
    "pods on the primary ENI",
    { cluster: { pods: [pod("web-1", "a", "10.0.0.4")] } },
    ["N04"],
    /primary ENI/,
  ],
  [
    "security groups for pods and an ENIConfig that they do not see",
    {
      cluster: {
        ...stock({ ENABLE_POD_ENI: "true", ENI_CONFIG_LABEL_DEF: "" }),
        nodes: [
          node("a"),
          node("b", {
            labels: { ...node("b").labels, "k8s.amazonaws.com/eniConfig": "pods-b" },
          }),
        ],
        eniConfigs: cluster.eniConfigs.map((c, i) => ({
          ...c,
          metadata: { name: i === 0 ? "default" : "pods-b" },
        })),
      },
    },
    ["N05"],
    /ignore an ENIConfig named default/,
  ],
  [
    "an ENIConfig that is being deleted",
    {
      cluster: configs({
        metadata: { name: "us-west-2a", deletionTimestamp: "2026-11-23T02:00:00Z" },
      }),
    },
    ["N06"],
    /being deleted/,
  ],
  [
    "a variable that is empty",
    { cluster: withEnv({ AWS_VPC_K8S_CNI_EXTERNALSNAT: "" }) },
    ["C01"],
    /counts as false/,
  ],
  [
    "an add-on that will reset the settings",
    { aws: { eks: { ...eks, addon: { version: "v1.23.1", configuration: '{"env":{}}' } } } },
    ["C01"],
    /resets them/,
  ],
  [
    "dead discovery tags",
    { aws: subnetsWith("subnet-pods-a", { tags: { "kubernetes.io/role/cni": "1" } }) },
    ["C02"],
    /not discovered/,
  ],
  [
    "an old plugin",
    { cluster: stock({}, "amazon-k8s-cni:v1.12.6") },
    ["C03"],
    /wrong subnet unnoticed/,
  ],
  [
    "missing permissions",
    {
      logs: [
        {
          name: "ipamd.log",
          lines: ["UnauthorizedOperation: not authorized to perform: ec2:AttachNetworkInterface"],
        },
      ],
    },
    ["C04"],
    /ec2:AttachNetworkInterface/,
  ],
  ["a frozen pool", { cluster: stock({ MINIMUM_IP_TARGET: "10" }) }, ["C05"], /stays at 10/],
  [
    "Fargate nodes",
    {
      cluster: {
        nodes: [
          ...cluster.nodes,
          node("a", { name: "fargate-1", labels: { "eks.amazonaws.com/compute-type": "fargate" } }),
        ],
      },
    },
    ["C06"],
    /Fargate/,
  ],
  ["an IPv6 cluster", { aws: { eks: { ...eks, ipFamily: "ipv6" } } }, ["C06"], /IPv6/],
  [
    "nodes that promise too much",
    { cluster: nodesWith({ allocatablePods: 29 }) },
    ["M01"],
    /advertises 29 pods and can give 18/,
  ],
  [
    "a node group of unlike types",
    {
      aws: {
        nodeGroups: [
          {
            name: "blue",
            status: "ACTIVE",
            instanceTypes: ["m5.large", "m5.xlarge"],
            autoScalingGroups: [],
            customAmi: false,
            labels: {},
            scaling: { min: 1, max: 2, desired: 1 },
          },
        ],
      },
    },
    ["M02"],
    /smallest: 20/,
  ],
  [
    "prefixes that max-pods ignores",
    { cluster: withEnv({ ENABLE_PREFIX_DELEGATION: "true" }) },
    ["M03"],
    /110 would fit/,
  ],
  [
    "a node born before its ENIConfig",
    {
      cluster: {
        ...nodesWith({
          ready: false,
          readyMessage: "cni plugin not initialized",
          labels: {
            "topology.kubernetes.io/zone": "us-west-2c",
            "node.kubernetes.io/instance-type": "m5.large",
          },
        }),
      },
    },
    ["S01", "N01", "R01"],
    /never turn custom networking off/i,
  ],
  [
    "an agent that does not come up",
    {
      cluster: {
        ...nodesWith({ ready: false, readyMessage: "cni plugin not initialized" }),
        pods: [
          {
            ...pod("aws-node-x", "a"),
            ...{ namespace: "kube-system", owner: "DaemonSet/aws-node", hostNetwork: true },
            ...{ waiting: "CrashLoopBackOff", restarts: 7 },
          },
        ],
      },
    },
    ["R01"],
    /kubectl logs -n kube-system aws-node-x --previous/,
  ],
  [
    "a budget that blocks draining",
    {
      cluster: {
        ...nodesWith({ allocatablePods: 29 }),
        disruptionBudgets: [
          {
            namespace: "shop",
            name: "web",
            disruptionsAllowed: 0,
            expectedPods: 2,
            matchLabels: {},
          },
        ],
      },
    },
    ["M01", "R02"],
    /no disruption/,
  ],
  [
    "a group of unlike nodes",
    {
      cluster: { nodes: [node("a"), node("b", { allocatablePods: 18 })] },
      aws: {
        autoScalingGroups: [
          {
            name: "blue",
            min: 2,
            max: 2,
            desired: 2,
            instanceIds: ["i-a", "i-b"],
            subnetIds: [],
            tags: {},
          },
        ],
      },
    },
    ["R03"],
    /20 and 18|18 and 20/,
  ],
  [
    "an old node that takes pods during a rotation",
    {
      cluster: {
        nodes: [
          node("a", { allocatablePods: 29, unschedulable: true }),
          node("b", { allocatablePods: 29 }),
        ],
      },
    },
    ["M01", "R04"],
    /kubectl cordon node-b/,
  ],
  [
    "a database that admits the nodes only",
    {
      aws: {
        securityGroups: [
          ...aws.securityGroups,
          {
            id: "sg-db",
            name: "db",
            vpcId: "vpc-1",
            tags: {},
            rules: [
              {
                direction: "ingress",
                protocol: "tcp",
                fromPort: 5432,
                toPort: 5432,
                peer: "10.0.0.0/24",
              },
            ],
          },
        ],
      },
    },
    ["R05"],
    /5432/,
  ],
  [
    "a network policy that names the nodes' block",
    {
      cluster: {
        networkPolicies: [
          { namespace: "shop", name: "db", ingress: ["10.0.0.0/24"], egress: [] },
          {
            namespace: "shop",
            name: "both",
            ingress: ["10.0.0.0/24", "100.64.0.0/16"],
            egress: [],
          },
        ],
      },
    },
    ["R05"],
    /NetworkPolicy\/shop\/db/,
  ],
  [
    "a load balancer of a peer VPC that pods cannot answer",
    {
      cluster: { targetGroupBindings: [binding] },
      aws: { peerings: [peering] },
    },
    ["R06"],
    /vpc-lb[\s\S]*rtb-1 has no such route/,
  ],
  [
    "a load balancer of a VPC that nothing leads to",
    { cluster: { targetGroupBindings: [binding] }, aws: { peerings: [] } },
    ["R06"],
    /no active peering with vpc-lb/,
  ],
  [
    "throttling",
    { logs: [{ name: "ipamd.log", lines: ["RequestLimitExceeded: Request limit exceeded."] }] },
    ["R08"],
    /throttles/,
  ],
  [
    "a pool that is full next week",
    {
      cluster: {
        subnetPools: [
          {
            apiVersion: "berth.dev/v1alpha1",
            kind: "SubnetPool",
            metadata: { name: "blue" },
            spec: { subnets: [] },
            status: {
              nodes: 0,
              pods: 0,
              free: 1,
              total: 2,
              conditions: [],
              subnets: [
                {
                  id: "subnet-pods-a",
                  zone: "us-west-2a",
                  cidr: "100.64.0.0/19",
                  total: 8187,
                  usedByUs: 0,
                  usedByOthers: 0,
                  inFlight: 0,
                  cooling: 0,
                  free: 500,
                  freePrefixes: 9,
                  observedAt: "",
                  burnRate: 3,
                  daysToFull: 6.9,
                },
              ],
            },
          },
        ],
      },
    },
    ["X01"],
    /full in 7 days/,
  ],
  [
    "a leaked ENI",
    {
      aws: {
        interfaces: [
          ...aws.interfaces,
          free(aws.interfaces[1], {
            id: "eni-leak",
            status: "available",
            description: "aws-K8S-i-gone",
            primaryAddress: "100.64.0.77",
            addresses: [],
            tags: {
              "node.k8s.amazonaws.com/instance_id": "i-gone",
              "node.k8s.amazonaws.com/createdAt": "2026-11-23T01:00:00Z",
            },
          }),
        ],
      },
    },
    ["X02"],
    /delete-network-interface --network-interface-id eni-leak/,
  ],
  [
    "idle addresses in a short subnet",
    { aws: subnetsWith("subnet-pods-a", { availableAddresses: 100 }) },
    ["X03"],
    /idle/,
  ],
  [
    "pods without an address",
    { cluster: stuckPod, aws: subnetsWith("subnet-pods-a", { availableAddresses: 0 }) },
    ["S05", "X03", "X04"],
    /shop\/web-3/,
  ],
  [
    "many interfaces",
    { aws: { quotas: { interfacesPerRegion: 5 } } },
    ["X05"],
    /4 of 5 network interfaces/,
  ],
  [
    "custom networking turned off again",
    { cluster: stock({ AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "false" }) },
    ["S05", "X06"],
    /still have ENIs/,
  ],
]

for (const [what, change, ids, words] of cases) {
  test(`the doctor finds ${what}`, () => {
    const findings = findingsOf(change)
    const found = new Set(findings.map((f) => f.check))
    assert.deepEqual([...found].sort(), [...ids].sort(), JSON.stringify(findings, null, 1))
    assert.match(JSON.stringify(findings), words)
    for (const f of findings) {
      assert.ok(
        f.evidence.length > 0 && f.evidence.every((e) => e !== ""),
        `${f.check} has no evidence`,
      )
      assert.ok(!/undefined|NaN|\[object/.test(JSON.stringify(f)), JSON.stringify(f))
    }
  })
}

test("S03 names the table that has the nodes' routes, and the command fits how the subnet is associated", () => {
  const [nodesTable] = aws.routeTables
  assert.ok(nodesTable)
  const main = {
    ...nodesTable,
    id: "rtb-main",
    subnetIds: [],
    routes: nodesTable.routes.slice(0, 2),
  }
  const nodes = { ...nodesTable, main: false, subnetIds: ["subnet-nodes-a", "subnet-nodes-b"] }
  const own = { ...main, id: "rtb-own", main: false, subnetIds: ["subnet-pods-b"] }
  const fleet = smallFleet({
    cluster: withEnv({ AWS_VPC_K8S_CNI_EXTERNALSNAT: "true" }),
    aws: { routeTables: [main, nodes, own] },
  })
  const fixes = diagnose(indexFleet(fleet))
    .findings.filter((f) => f.check === "S03")
    .map((f) => f.fix?.command)
  assert.equal(
    fixes[0],
    "aws ec2 associate-route-table --subnet-id subnet-pods-a --route-table-id rtb-1",
  )
  assert.match(
    fixes[1] ?? "",
    /^aws ec2 replace-route-table-association --route-table-id rtb-1 --association-id \$\(aws ec2 describe-route-tables .*'subnet-pods-b'/,
  )
})

test("the doctor is silent on a healthy cluster, with every reading there", () => {
  const anywhere = { protocol: "-1", cidr: "0.0.0.0/0", allow: true }
  const route = { destination: "10.9.0.0/16", target: "pcx-1" }
  const whole = smallFleet({
    cluster: { targetGroupBindings: [binding, { ...binding, name: "own", vpcId: "vpc-1" }] },
    aws: {
      ...routes(route),
      eks: { ...eks, serviceCidr: "172.20.0.0/16" },
      peerings: [peering],
      networkAcls: [
        {
          id: "acl-1",
          subnetIds: ["subnet-pods-a", "subnet-pods-b"],
          entries: (["ingress", "egress"] as const).map((direction) => ({
            ...anywhere,
            direction,
          })),
        },
      ],
    },
  })
  const { findings, passed, skipped } = diagnose(indexFleet(whole))
  assert.deepEqual(findings, [])
  assert.deepEqual(skipped, [])
  assert.deepEqual(
    passed,
    checks.map((c) => c.id),
  )
})

/** Ways in which changing a live cluster's pod network is known to fail, by part. */
const known = { V: 7, S: 10, G: 6, N: 6, C: 6, M: 3, R: 8, X: 6 }

test("a node that has just come is given time for its network", () => {
  const change = { ready: false, readyMessage: "cni plugin not initialized" }
  const ids = (createdAt: string) =>
    findingsOf({ cluster: nodesWith({ ...change, createdAt }) }).map((f) => f.check)
  assert.deepEqual(ids("2026-11-23T02:59:00Z"), [])
  assert.deepEqual(ids("2026-11-23T02:50:00Z"), ["R01"])
})

test("every known failure has a check, every check a case, and ids are unique", () => {
  const ids = Object.entries(known).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}${String(i + 1).padStart(2, "0")}`),
  )
  const made = checks.map((c) => c.id)
  assert.deepEqual(made.toSorted(), ids.toSorted())
  const tried = new Set(cases.flatMap(([, , expected]) => expected))
  assert.deepEqual(
    made.filter((id) => !tried.has(id)),
    [],
  )
})

test("a missing reading costs the checks that need it, by name, and never the run", () => {
  const why = "AccessDenied: you shall not pass"
  for (const what of [
    "ec2:DescribeSubnets",
    "nodes",
    "eniconfigs.crd.k8s.amazonaws.com",
    "ec2:DescribeInstances",
  ]) {
    const unread = [{ what, why }]
    const { findings, skipped } = diagnose(indexFleet({ ...healthy, unread }))
    assert.deepEqual(findings, [])
    assert.ok(skipped.some((s) => s.why.includes(what) && s.why.includes(why)))
  }
  const { aws: _, ...blind } = healthy
  const { findings, skipped, passed } = diagnose(indexFleet(blind))
  assert.deepEqual(findings, [])
  assert.ok(skipped.length > 20 && passed.length > 3)
  assert.match(skipped[0]?.why ?? "", /AWS was not read/)
})

test("findings come worst first", () => {
  const findings = findingsOf({
    cluster: {
      ...configs({ spec: { subnet: "subnet-pods-a" } }),
      ...withEnv({ AWS_VPC_K8S_CNI_EXTERNALSNAT: "" }),
    },
    aws: subnetsWith("subnet-pods-a", { availableAddresses: 0 }),
  })
  const ranks = findings.map((f) => severities.indexOf(f.severity))
  assert.deepEqual(ranks, [...ranks].sort())
  assert.equal(new Set(ranks).size, 4)
})
