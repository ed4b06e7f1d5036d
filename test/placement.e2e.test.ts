// Goal: what decides placements beyond one ENIConfig per zone, shown by where addresses come from and where packets go:
// a pool that spills over, namespaces and security groups that pods choose, a pool that grows while pods wait, and one
// that is in use.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import type { Pod } from "../src/api/core.ts"
import { internetAddress } from "../src/lab/fabric/addresses.ts"
import {
  placementGroups as groups,
  placementExits,
  placementSubnets as subnets,
} from "../src/lab/scenarios/placement.ts"
import { type PlacementLab, placementLab } from "./placement/lab.ts"

let lab: PlacementLab
before(async () => {
  lab = await placementLab("e2e-placement")
})
after(() => lab?.stop())

const wired = (t: { skip(why: string): void }): boolean => {
  if (lab.hollow !== undefined) t.skip(lab.hollow)
  return lab.hollow === undefined
}

test("a pool of nodes spills over into its next subnet, while others take from the first, and no pod fails", async () => {
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
  const stuck = await lab.until("pods wait for addresses", async () => {
    const reasons = await lab.failures("growing")
    const said = reasons.find((r) => r.includes("SubnetPool/growing"))
    return said === undefined ? `no such event among ${reasons.length}` : { said }
  })
  assert.match(stuck.said, new RegExp(subnets.growingA))
  const told = await lab.until("the pool says so", async () => {
    const line = await lab.run("kubectl get subnetpool growing --no-headers")
    return /False +SubnetExhausted +0 +11 +1 +10/.test(line) ? { line } : line
  })
  assert.match(told.line, /^growing/)
  const agents = await lab.agents()
  await lab.addToPool("growing", { id: subnets.laterA })
  const pods = await lab.running("growing", 16)
  await lab.until("the pool is ready again", async () => {
    const line = await lab.run("kubectl get subnetpool growing --no-headers")
    return /True +Ready +\d+ +262 +1 +16/.test(line) ? { line } : line
  })
  const used = new Set((await lab.subnetsOf(pods)).map((u) => u.subnet))
  assert.deepEqual([...used].sort(), [subnets.growingA, subnets.laterA])
  assert.deepEqual(await lab.agents(), agents, "no agent was restarted")
  assert.equal(await lab.run("kubectl get nodes -o jsonpath={.items[*].metadata.uid}"), before)
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
