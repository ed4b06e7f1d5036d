import assert from "node:assert/strict"
import { test } from "node:test"
import { systemClock } from "../../clock.ts"
import { routeTableFor } from "../../ec2/memory/routing.ts"
import { scenarios } from "../scenarios.ts"
import { quietScenario } from "../testing/quiet-scenario.ts"
import { buildCloud, launchInstance } from "./build-cloud.ts"

test("the cloud is what the scenario says", async () => {
  const { exhausted } = scenarios
  await using cloud = buildCloud(exhausted, systemClock, Math.random)
  const { tables } = cloud.core
  const vpc = tables.vpc.get(exhausted.vpc.id)
  assert.deepEqual(
    vpc?.cidrs.map((c) => [c.cidr, c.state]),
    exhausted.vpc.cidrs.map((cidr) => [cidr, "associated"]),
  )
  for (const wanted of exhausted.subnets) {
    const subnet = tables.subnet.get(wanted.id)
    assert.deepEqual([subnet?.zone, subnet?.cidr], [wanted.zone, wanted.cidr])
    const usable = 2 ** (32 - Number(wanted.cidr.split("/")[1])) - 5
    assert.equal(subnet?.availableAddresses, usable - (wanted.occupied ?? 0), wanted.id)
    const route = routeTableFor(cloud.core, wanted.id)?.routes.find(
      (r) => r.destination === "0.0.0.0/0",
    )
    assert.ok(route && route.target !== "local")
    assert.equal(tables.natGateway.get(route.target.id)?.publicAddress, wanted.natAddress)
  }
  for (const { id, ingress } of exhausted.securityGroups) {
    const rules = tables.securityGroup.get(id)?.rules.filter((r) => !r.egress)
    assert.deepEqual(
      rules?.map((r) => r.cidr ?? r.groupId),
      ingress.map((r) => r.source),
    )
  }
})

test("instances come up with their group, their user data and their node group", async () => {
  await using cloud = buildCloud(quietScenario, systemClock, Math.random)
  const [wanted] = quietScenario.instances
  launchInstance(cloud.core, quietScenario, wanted!)
  const [instance] = [...cloud.core.tables.instance.all()]
  assert.equal(instance?.state, "running")
  assert.equal(instance?.tags["eks:nodegroup-name"], wanted?.nodeGroup)
  assert.equal(Buffer.from(instance?.userData ?? "", "base64").toString(), wanted?.userData)
  const [eni] = cloud.core.tables.networkInterface.in(instance?.id ?? "")
  assert.deepEqual(eni?.securityGroups, wanted?.securityGroups)
})

test("a scenario without room for NAT is refused in words", () => {
  const [subnet] = quietScenario.subnets
  const full = { ...quietScenario, subnets: [{ ...subnet!, cidr: "10.0.0.0/16" }] }
  assert.throws(() => buildCloud(full, systemClock, Math.random), /no \/28 is left in 10.0.0.0\/16/)
})
