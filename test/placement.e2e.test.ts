// Goal: what decides placements beyond one ENIConfig per zone, shown by where addresses come from and where packets go:
// a pool that spills over, namespaces and security groups that pods choose, a pool that grows while pods wait, and one
// that is in use.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { after, before, test } from "node:test"
import { isDeepStrictEqual } from "node:util"
import type { Pod } from "../src/api/core.ts"
import { internetAddress } from "../src/lab/fabric/addresses.ts"
import {
  placementGroups as groups,
  placementExits,
  placementSubnets as subnets,
} from "../src/lab/scenarios/placement.ts"
import { until } from "../src/testing/until.ts"
import { type PlacementLab, placementLab } from "./placement/lab.ts"

let lab: PlacementLab
before(async () => {
  lab = await placementLab(`place-${process.pid}`)
})
after(() => lab?.stop())

const wired = (t: { skip(why: string): void }): boolean => {
  if (lab.hollow !== undefined) t.skip(lab.hollow)
  return lab.hollow === undefined
}

test("a pool of nodes spills over into its next subnet, while others take from the first, and no pod fails", async (t) => {
  await lab.deploy({ namespace: "web", name: "web", replicas: 20, group: "web" })
  const others = lab.takeAddresses(subnets.webFirstA, 5)
  await lab.scale("web", "web", 46)
  const pods = await lab.running("web", 46)
  await others
  const used = await lab.subnetsOf(pods)
  const inZone = (zone: string) => new Set(used.filter((u) => u.zone === zone).map((u) => u.subnet))
  assert.deepEqual([...inZone("us-west-2a")].sort(), [subnets.webFirstA, subnets.webSpareA])
  for (const { pod, subnet, zone } of used) {
    const first =
      zone === "us-west-2a"
        ? [subnets.webFirstA, subnets.webSpareA]
        : [subnets.webFirstB, subnets.webSpareB]
    assert.ok(first.includes(subnet as never), `${pod} of ${zone} is in ${subnet}`)
  }
  const failed = (await lab.failures("web")).filter((f) => f.startsWith("FailedCreatePodSandBox"))
  assert.deepEqual(failed, [])
  if (wired(t)) {
    const [first, spare] = [subnets.webFirstA, subnets.webSpareA].map(
      (subnet) => pods[used.findIndex((u) => u.subnet === subnet)] as Pod,
    ) as [Pod, Pod]
    assert.ok(await lab.answers(first, spare), "the first subnet reaches the spare one")
    assert.ok(await lab.answers(spare, first), "and the other way round")
  }
  await lab.remove("web", "web")
})

test("a database's security group admits the pods of one policy only, all of them on one node", async (t) => {
  const group = "shared"
  await lab.deploy({ namespace: "bank", name: "database", replicas: 2, group })
  await lab.deploy({
    namespace: "bank",
    name: "api",
    replicas: 1,
    group,
    labels: { role: "client" },
  })
  await lab.deploy({ namespace: "bank", name: "other", replicas: 1, group })
  const pods = await lab.running("bank", 4)
  const of = (app: string) => pods.find((p) => p.metadata.labels?.["app"] === app) as Pod
  const [database, api, other] = [of("database"), of("api"), of("other")]
  assert.equal(new Set(pods.map((p) => p.spec.nodeName)).size, 1)
  const [onDatabase, onApi, onOther] = await lab.subnetsOf([database, api, other])
  assert.deepEqual(onDatabase?.groups, [groups.database])
  assert.deepEqual(onApi?.groups, [groups.databaseClients, groups.nodes].sort())
  assert.deepEqual(onOther?.groups, [groups.nodes])
  // The policies say groups only: the subnet stays the node's.
  assert.deepEqual([onDatabase?.subnet, onApi?.subnet], [onOther?.subnet, onOther?.subnet])
  if (!wired(t)) return
  assert.ok(await lab.answers(api, database), "the policy's client reaches the database")
  assert.ok(!(await lab.answers(other, database)), "another pod of the node does not")
  assert.ok(await lab.answers(database, api), "the database may reach others")
  assert.ok(await lab.answers(other, api), "who is admitted by the node's group reaches the client")
  // Source NAT to the node's primary address would put a foreign address on the policy's ENI, which the VPC drops.
  for (const pod of [database, other])
    assert.equal(await lab.seenAs(pod, internetAddress), placementExits.nodes)
})

test("two namespaces of one node live in two subnets, and leave the VPC by them", async (t) => {
  await lab.setAgents("AWS_VPC_K8S_CNI_EXTERNALSNAT=true")
  for (const namespace of ["blue", "red"])
    await lab.deploy({ namespace, name: "app", replicas: 2, group: "shared" })
  const blue = await lab.running("blue", 2)
  const red = await lab.running("red", 2)
  const nodes = new Set([...blue, ...red].map((p) => p.spec.nodeName))
  assert.equal(nodes.size, 1)
  assert.ok((await lab.subnetsOf(blue)).every((u) => u.subnet === subnets.blueA))
  assert.ok((await lab.subnetsOf(red)).every((u) => u.subnet === subnets.redA))
  if (!wired(t)) return
  const [b, r] = [blue[0] as Pod, red[0] as Pod]
  assert.ok(await lab.answers(b, r), "blue reaches red inside the VPC")
  assert.equal(await lab.seenAs(b, internetAddress), placementExits.blue)
  assert.equal(await lab.seenAs(r, internetAddress), placementExits.red)
})

test("a subnet that joins a full pool ends the outage; no node is touched", async () => {
  await lab.deploy({ namespace: "growing", name: "app", replicas: 16, group: "shared" })
  const before = await lab.run("kubectl get nodes -o jsonpath={.items[*].metadata.uid}")
  const stuck = await until("pods wait for addresses", async () => {
    const reasons = await lab.failures("growing")
    const said = reasons.find((r) => r.includes("SubnetPool/growing"))
    return said === undefined ? `no such event among ${reasons.length}` : { said }
  })
  assert.match(stuck.said, new RegExp(subnets.growingA))
  const told = await until("the pool says so", async () => {
    const line = await lab.run("kubectl get subnetpool growing --no-headers")
    return /False +SubnetExhausted +0 +11 +1 +10/.test(line) ? { line } : line
  })
  assert.match(told.line, /^growing/)
  const agents = await lab.agents()
  await lab.addToPool("growing", { id: subnets.laterA })
  const pods = await lab.running("growing", 16)
  await until("the pool is ready again", async () => {
    const line = await lab.run("kubectl get subnetpool growing --no-headers")
    return /True +Ready +\d+ +262 +1 +16/.test(line) ? { line } : line
  })
  const used = new Set((await lab.subnetsOf(pods)).map((u) => u.subnet))
  assert.deepEqual([...used].sort(), [subnets.growingA, subnets.laterA])
  assert.deepEqual(await lab.agents(), agents, "no agent was restarted")
  assert.equal(await lab.run("kubectl get nodes -o jsonpath={.items[*].metadata.uid}"), before)
})

test("a subnet whose tag goes drains under running pods, and serves again when it is tagged", async (t) => {
  if (spawnSync("aws", ["--version"]).status !== 0) return t.skip("the AWS CLI is missing")
  const tag = `--resources ${subnets.growingA} --tags Key=example.com/pool,Value=growing`
  const old = (await lab.subnetsOf(await lab.running("growing", 16))).filter(
    (u) => u.subnet === subnets.growingA,
  )
  const statesAre = (state: string) =>
    until(`the interface is ${state}`, async () => {
      const interfaces = `{.items[*].status.interfaces[?(@.subnetID=="${subnets.growingA}")].state}`
      const states = await lab.run(`kubectl get nodenetworks -o 'jsonpath=${interfaces}'`)
      return states === state ? { states } : states
    })
  await lab.aws(`ec2 delete-tags ${tag}`)
  await statesAre("Draining")
  await lab.scale("growing", "app", 18)
  const pods = await lab.subnetsOf(await lab.running("growing", 18))
  for (const { pod, subnet } of old)
    assert.equal(pods.find((p) => p.pod === pod)?.subnet, subnet, "a running pod keeps its address")
  assert.equal(pods.filter((p) => p.subnet === subnets.growingA).length, old.length)
  await lab.aws(`ec2 create-tags ${tag}`)
  await statesAre("Ready")
})

test("a namespace has no more addresses of a pool than its quota; its pods say why, and go on when it grows", async () => {
  await lab.editPool("red", { quotaPerNamespace: 3 })
  await lab.scale("red", "app", 5)
  await lab.running("red", 3)
  const told = await until("a pod says why it waits", async () => {
    const reasons = await lab.failures("red")
    const said = reasons.find((r) => /namespace red has 3 addresses of SubnetPool\/red/.test(r))
    return said === undefined ? `not among ${reasons.length}` : { said }
  })
  assert.match(told.said, /^FailedAddressAssignment: .*raise spec\.quotaPerNamespace/)
  await until("the pool shows the namespace at its quota", async () => {
    const namespaces = await lab.run("kubectl get subnetpool red -o jsonpath={.status.namespaces}")
    const expected = [{ namespace: "red", addresses: 3, waiting: 2 }]
    return isDeepStrictEqual(JSON.parse(namespaces || "[]"), expected) ? { namespaces } : namespaces
  })
  await lab.running("red", 3)
  await lab.editPool("red", { quotaPerNamespace: 4 })
  await lab.running("red", 4)
  await lab.editPool("red", { quotaPerNamespace: null })
  await lab.running("red", 5)
})

test("a pod of a StatefulSet has its address again, over a restart of the agent; on another node it is told why not", async () => {
  await lab.editPool("blue", { sticky: { ttlSeconds: 600 } })
  const workload = { namespace: "blue", name: "db", replicas: 1, kind: "StatefulSet" } as const
  await lab.deploy({ ...workload, group: "shared" })
  const isDb = (pod: Pod) => pod.metadata.name === "db-0"
  const before = (await lab.running("blue", 3)).find(isDb) as Pod
  const node = before.spec.nodeName
  const agent =
    "kubectl delete pod -n kube-system -l k8s-app=aws-node --wait=false --field-selector"
  await lab.run(`kubectl delete pod db-0 -n blue --wait=false && ${agent} spec.nodeName=${node}`)
  /** The next db-0, once it runs. */
  const next = (former: Pod) =>
    until("db-0 runs anew", async () => {
      const pod = (await lab.running("blue", 3)).find(isDb)
      return pod && pod.metadata.uid !== former.metadata.uid ? pod : "not yet"
    })
  const again = await next(before)
  assert.equal(again.status?.podIP, before.status?.podIP)
  await lab.deploy({ ...workload, group: "web" })
  const moved = await next(again)
  assert.notEqual(moved.spec.nodeName, node)
  assert.notEqual(moved.status?.podIP, before.status?.podIP)
  await until("it is told why", async () => {
    const reasons = (await lab.failures("blue")).filter((r) => r.startsWith("AddressNotKept"))
    const said = reasons.find((r) => r.includes(`it is kept on node ${node} until`))
    return said === undefined ? `not among ${JSON.stringify(reasons)}` : { said }
  })
  await lab.run("kubectl delete statefulset db -n blue")
  await lab.running("blue", 2)
})

test("a pool that pods use is not deleted; the answer names who uses it", async () => {
  const refused = await lab.run("kubectl delete subnetpool blue").then(
    () => "deleted",
    (error: Error) => error.message,
  )
  assert.match(refused, /denied the request: SubnetPool\/blue is in use: 2 pods of node ip-10-0-0-/)
  const wrong = {
    namespaceSelector: { matchLabels: { team: "none" } },
    subnets: [{ id: "subnet-00000000000000ee" }],
  }
  const unknown = {
    apiVersion: "berth.dev/v1alpha1",
    kind: "SubnetPool",
    metadata: { name: "x" },
    spec: wrong,
  }
  await assert.rejects(lab.run("kubectl apply -f -", JSON.stringify(unknown)), /EC2 does not know/)
})
