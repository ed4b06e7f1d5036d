// Goal: a missing permission costs the checks that need it, by name, and never the run. Against the lab's AWS.
import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, test } from "node:test"
import { systemClock } from "../../clock.ts"
import type { Ec2 } from "../../ec2/ec2.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import { sdkEc2 } from "../../ec2/sdk/sdk-ec2.ts"
import { fail } from "../../errors/catalogue.ts"
import { policy } from "../../fleet/iam/policies.ts"
import { doctorReport } from "../../fleet/report/doctor-report.ts"
import { smallFleet } from "../../fleet/testing/small-fleet.ts"
import { AutoScaling } from "../../lab/aws/autoscaling/auto-scaling.ts"
import { createAwsServer } from "../../lab/aws/aws-server.ts"
import { adoptNodeGroups } from "../../lab/aws/eks/adopt-node-groups.ts"
import { Eks } from "../../lab/aws/eks/eks.ts"
import { noNodes } from "../../lab/aws/eks/roll-nodes.ts"
import { quietScenario } from "../../lab/testing/quiet-scenario.ts"
import { buildCloud, launchInstance } from "../../lab/world/build-cloud.ts"
import { sdkExtras } from "./aws-extras.ts"
import { readAws } from "./read-aws.ts"

const scenario = quietScenario
const [subnet = { id: "" }] = scenario.subnets
let cloud: Cloud
let endpoint: string
const undo = new AsyncDisposableStack()
const saved = { ...process.env }

before(async () => {
  cloud = undo.use(buildCloud(scenario, systemClock, Math.random))
  for (const instance of scenario.instances) launchInstance(cloud.core, scenario, instance)
  const groups = undo.use(new AutoScaling({ cloud, scaleMs: 0 }))
  const eks = undo.use(
    new Eks({
      ...{ cloud, groups, clock: systemClock, hooks: noNodes, applyAddon: async () => {} },
      cluster: {
        ...{ name: scenario.clusterName, version: "1.35", endpoint: "https://192.0.2.1" },
        ...{ certificateAuthority: "", vpcId: scenario.vpc.id, subnetIds: [subnet.id] },
        ...{ clusterSecurityGroup: "sg-0a000000000000001", serviceCidr: "172.20.0.0/16" },
      },
    }),
  )
  adoptNodeGroups(eks)
  const server = createServer(createAwsServer({ cloud, groups, eks }))
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  undo.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "lab", AWS_SECRET_ACCESS_KEY: "lab" })
})

after(async () => {
  for (const key of Object.keys(process.env)) if (!(key in saved)) delete process.env[key]
  Object.assign(process.env, saved)
  await undo.disposeAsync()
})

/** The cluster of the scenario's instances, whose pods are to be in the first subnet. */
async function read(named = subnet.id, around = (ec2: Ec2): Ec2 => ec2) {
  const { cluster } = smallFleet()
  const instances = [...cloud.core.tables.instance.all()]
  const nodes = cluster.nodes.map((node, i) => ({
    ...node,
    providerID: `aws:///${instances[i]?.zone}/${instances[i]?.id}`,
  }))
  const eniConfigs = cluster.eniConfigs.map((c) => ({ ...c, spec: { subnet: named } }))
  const facts = { ...cluster, name: scenario.clusterName, nodes, eniConfigs }
  const { region } = scenario
  const at = { region, endpoint }
  const reading = await readAws(region, facts, around(sdkEc2(at)), sdkExtras(at))
  const snapshot = { ...smallFleet(), cluster: facts, unread: reading.unread }
  return {
    reading,
    report: doctorReport({ ...snapshot, ...(reading.aws && { aws: reading.aws }) }),
  }
}

test("a subnet that could not be asked for is not taken for one that does not exist", async () => {
  const elsewhere = "subnet-0123456789abcdef0"
  assert.deepEqual((await read(elsewhere)).reading.unread, [])
  const { reading } = await read(elsewhere, (ec2) => ({
    ...ec2,
    describeSubnets: (query, options) =>
      query.ids === undefined
        ? ec2.describeSubnets(query, options)
        : Promise.reject(fail("ec2/throttled", { action: "DescribeSubnets" })),
  }))
  assert.deepEqual(
    reading.unread.map((u) => u.what),
    ["ec2:DescribeSubnets"],
  )
})

test("with every permission all is read, and no check is left out", async () => {
  const { reading, report } = await read()
  assert.deepEqual(reading.unread, [])
  assert.deepEqual(report.skipped, [])
  assert.equal(reading.aws?.networkAcls?.[0]?.subnetIds.includes(subnet.id), true)
  assert.deepEqual(reading.aws?.peerings, [])
  assert.equal(reading.aws?.nodeGroups[0]?.name, "general")
})

/** Calls whose loss costs no check: the reading says so itself. */
const withoutCheck = new Set(["ec2:DescribeNatGateways", "ec2:GetSubnetCidrReservations"])
const readActions = new Set(policy("read", {}).Statement.flatMap((s) => s.Action))

for (const action of readActions) {
  test(`without ${action} only what needs it is left out`, async () => {
    const before = new Map(cloud.calls)
    const allow = cloud.conduct.deny(action.replace(/^ec2:/, ""))
    const { reading, report } = await read().finally(allow)
    const name = action.replace(/^ec2:/, "")
    assert.ok((cloud.calls.get(name) ?? 0) > (before.get(name) ?? 0), `${action} is never called`)
    const said = reading.unread.map((u) => `${u.what}: ${u.why}`)
    assert.ok(said.length > 0)
    for (const text of said) assert.ok(text.includes(action) && text.includes("IAM forbids"), text)
    const lost = report.skipped.filter((s) => s.why.includes(action))
    assert.deepEqual(report.skipped, lost, "checks are left out for another reason")
    if (!withoutCheck.has(action)) assert.ok(lost.length > 0, "the report does not name it")
    assert.ok(report.skipped.length < Object.keys(report.titles).length / 2)
  })
}
