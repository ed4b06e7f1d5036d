import assert from "node:assert/strict"
import { test } from "node:test"
import { type Cause, causes, classify } from "./classify.ts"
import { examine } from "./doctor/examination.ts"
import { indexFleet } from "./facts/fleet-index.ts"
import type { AwsFacts, ClusterFacts, PodFacts, Snapshot } from "./snapshot.ts"
import { node, pod, smallFleet } from "./testing/small-fleet.ts"

const healthy = smallFleet()
const aws = healthy.aws as AwsFacts
const set = healthy.cluster.daemonSet as NonNullable<ClusterFacts["daemonSet"]>
const opaque = "add cmd: failed to assign an IP address to container"

const agent = (zone: "a" | "b", more: Partial<PodFacts> = {}): PodFacts => ({
  namespace: "kube-system",
  name: `aws-node-${zone}`,
  node: `node-${zone}`,
  phase: "Running",
  hostNetwork: true,
  owner: "DaemonSet/aws-node",
  ...more,
})

const controller = (more: Partial<PodFacts> = {}): PodFacts => ({
  namespace: "kube-system",
  name: "berth-controller-1",
  node: "node-b",
  phase: "Running",
  labels: { "app.kubernetes.io/name": "berth-controller" },
  ...more,
})

/** Twelve pods run on node-a, and one gets no address; what the case changes is why. */
interface Change {
  readonly cluster?: Partial<ClusterFacts>
  readonly aws?: Partial<AwsFacts>
  readonly log?: string
  readonly message?: string
  readonly agents?: readonly PodFacts[]
  readonly running?: number
}

function classified({
  cluster,
  aws: facts,
  log,
  message = opaque,
  agents = [agent("a"), agent("b"), controller()],
  running = 9,
}: Change) {
  const placed = Array.from({ length: running }, (_, i) => pod(`p${i}`, "a", `100.64.0.${10 + i}`))
  const event = {
    at: "2026-11-23T02:59:00Z",
    kind: "Pod",
    namespace: "shop",
    name: "web-3",
    reason: "FailedCreatePodSandBox",
    message,
    count: 3,
  }
  const snapshot: Snapshot = smallFleet({
    cluster: { pods: [...placed, pod("web-3", "a"), ...agents], warnings: [event], ...cluster },
    ...(facts && { aws: facts }),
  })
  const logs = log === undefined ? [] : [{ name: "ipamd.log", node: "node-a", lines: [log] }]
  return classify(examine(indexFleet({ ...snapshot, logs })))
}

const subnets = (change: Partial<AwsFacts["subnets"][number]>): Partial<AwsFacts> => ({
  subnets: aws.subnets.map((s) => (s.id === "subnet-pods-a" ? { ...s, ...change } : s)),
})
const prefixes = { daemonSet: { ...set, env: { ...set.env, ENABLE_PREFIX_DELEGATION: "true" } } }
const spoilt: Partial<AwsFacts> = {
  ...subnets({ cidr: "100.64.0.0/26", availableAddresses: 40 }),
  interfaces: aws.interfaces.map((i) =>
    i.id === "eni-a1" ? { ...i, primaryAddress: "100.64.0.17", addresses: ["100.64.0.33"] } : i,
  ),
}

const cases: [cause: Cause, change: Change, words: RegExp][] = [
  ["no-eniconfig", { cluster: { eniConfigs: [] } }, /"us-west-2a".*does not exist/],
  [
    "placement-mismatch",
    {
      cluster: {
        eniConfigs: healthy.cluster.eniConfigs.map((c) => ({
          ...c,
          spec: { subnet: "subnet-pods-b" },
        })),
      },
    },
    /us-west-2b, but node node-a is in us-west-2a/,
  ],
  [
    "agent-down",
    { cluster: { nodes: [node("a", { ready: false, readyMessage: "NetworkPluginNotReady" })] } },
    /does not run/,
  ],
  [
    "agent-down",
    { agents: [agent("a", { waiting: "CrashLoopBackOff", restarts: 9 })] },
    /CrashLoopBackOff, 9 restarts/,
  ],
  ["agent-down", { agents: [agent("b")] }, /no aws-node pod/],
  [
    "agent-down",
    { agents: [], cluster: { daemonSet: { ...set, desired: 0, generation: 2 } } },
    /matches no node.*rollout undo daemonset/,
  ],
  ["controller-down", { agents: [agent("a")] }, /no berth-controller pod.*--replicas=2/],
  [
    "controller-down",
    { agents: [agent("a"), controller({ waiting: "CrashLoopBackOff", restarts: 4 })] },
    /CrashLoopBackOff, 4 restarts.*rollout undo deployment berth-controller/,
  ],
  ["credentials", { log: "AuthFailure: not able to validate" }, /does not accept/],
  ["iam", { log: "UnauthorizedOperation: ec2:CreateNetworkInterface" }, /IAM forbids/],
  [
    "iam",
    {
      message: `${opaque}: UnauthorizedOperation: User: arn:aws:sts::1:assumed-role/nodes/i-0 is not authorized`,
      cluster: { daemonSet: { ...set, berth: false } },
    },
    /attach-role-policy --role-name nodes --policy-arn arn:aws:iam::aws:policy.AmazonEKS_CNI_Policy/,
  ],
  ["throttling", { log: "RequestLimitExceeded: Request limit exceeded" }, /throttles/],
  ["pod-eni", { message: `${opaque}: pod lacks vpc.amazonaws.com/pod-eni` }, /branch ENI/],
  ["over-packed", { running: 18 }, /18 pods have an address, 18 is the most/],
  ["fragmentation", { cluster: prefixes, aws: spoilt }, /no whole \/28/],
  ["subnet-full", { aws: subnets({ availableAddresses: 0 }) }, /is full/],
  ["back-off", { log: "Recently we had InsufficientCidr error hence will wait" }, /120 s/],
  ["cool-down", { running: 3 }, /cool down/],
  ["unknown", {}, /nothing in the snapshot tells why/],
]

for (const [cause, change, words] of cases) {
  test(`pods without an address: ${cause}, by ${words}`, () => {
    const [first, ...rest] = classified(change)
    assert.equal(first?.cause, cause, JSON.stringify(first))
    assert.equal(rest.length, 0)
    assert.match(JSON.stringify(first).replaceAll("\\", ""), words)
    assert.ok(first.pods.includes("shop/web-3"))
    assert.ok(first.fix.says !== "")
  })
}

test("every cause has a case", () => {
  assert.deepEqual([...new Set(cases.map(([cause]) => cause))].sort(), [...causes].sort())
})

test("a pod that is merely starting is no case", () => {
  const cluster = { pods: [pod("web-3", "a")], warnings: [] }
  assert.deepEqual(classify(examine(indexFleet(smallFleet({ cluster })))), [])
})

test("what could not be read is not taken for a missing ENIConfig", () => {
  const unread = [{ what: "eniconfigs.crd.k8s.amazonaws.com", why: "forbidden" }]
  const snapshot = smallFleet({ cluster: { eniConfigs: [], pods: [pod("web-3", "a")] } })
  const { cluster } = snapshot
  const warnings = [
    {
      at: "",
      kind: "Pod",
      namespace: "shop",
      name: "web-3",
      reason: "x",
      message: opaque,
      count: 1,
    },
  ]
  const [first] = classify(
    examine(indexFleet({ ...snapshot, cluster: { ...cluster, warnings }, unread })),
  )
  assert.notEqual(first?.cause, "no-eniconfig")
})
