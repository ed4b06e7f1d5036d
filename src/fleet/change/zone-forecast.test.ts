import assert from "node:assert/strict"
import { test } from "node:test"
import { indexFleet } from "../facts/fleet-index.ts"
import type { Snapshot } from "../snapshot.ts"
import { plainFleet, planRequest } from "../testing/plain-fleet.ts"
import { smallFleet } from "../testing/small-fleet.ts"
import { planChange } from "./change-plan.ts"

const withFree = (fleet: Snapshot, takenAt: string, change: number): Snapshot => ({
  ...fleet,
  takenAt,
  ...(fleet.aws && {
    aws: {
      ...fleet.aws,
      subnets: fleet.aws.subnets.map((s) => ({
        ...s,
        availableAddresses: s.availableAddresses + change,
      })),
    },
  }),
})

test("pods to come are taken from what is free; those that are there hold theirs already", () => {
  const index = indexFleet(smallFleet())
  const leftFor = (morePods: number) => planChange(index, { morePods }).forecast[0]?.left ?? 0
  const free = smallFleet().aws?.subnets.find((s) => s.id === "subnet-pods-a")?.availableAddresses
  assert.equal(leftFor(0), free)
  assert.equal(leftFor(0) - leftFor(200), 100, "half of them in each zone")
})

test("without a pod subnet the nodes' own are what is left, and what is missing is said", () => {
  const { forecast, risks } = planChange(indexFleet(plainFleet()), { morePods: 500 })
  assert.deepEqual(forecast[0]?.subnets, ["subnet-nodes-a"])
  assert.ok((forecast[0]?.left ?? 0) < 0)
  assert.match(risks[0]?.says ?? "", /addresses are missing in us-west-2a \(subnet-nodes-a\)/)
})

test("turned off, pods go back to the nodes' subnets, where they hold nothing yet", () => {
  const [zone] = planChange(indexFleet(smallFleet()), { customNetworking: false }).forecast
  assert.deepEqual(zone?.subnets, ["subnet-nodes-a"])
  assert.ok((zone?.left ?? 0) < 20)
})

test("an earlier snapshot, or a pool's status, tells the rate", () => {
  const now = smallFleet()
  const before = withFree(now, "2026-11-20T03:00:00.000Z", 720)
  const [zone] = planChange(indexFleet(now), {}, [before]).forecast
  assert.equal(zone?.burnRate, 10)
  assert.equal(Math.round(zone?.daysToFull ?? 0), Math.round((zone?.left ?? 0) / 240))
  const [growing] = planChange(indexFleet(before), {}, [
    withFree(now, "2026-11-19T03:00:00Z", 0),
  ]).forecast
  assert.deepEqual([growing?.burnRate, growing?.daysToFull], [-30, undefined])
  assert.equal(planChange(indexFleet(now), {}).forecast[0]?.burnRate, undefined)
})

test("quotas that the change takes from are told with what was assumed", () => {
  const fleet = plainFleet()
  const uses = (quotas = {}) =>
    planChange(
      indexFleet({ ...fleet, ...(fleet.aws && { aws: { ...fleet.aws, quotas } }) }),
      planRequest,
    )
  const blocks = uses().quotas.find((q) => q.quota === "blocksPerVpc")
  assert.deepEqual([blocks?.used, blocks?.after, blocks?.limit, blocks?.assumed], [1, 2, 5, true])
  const told = uses({ subnetsPerVpc: 2 })
  const risk = told.risks.find((r) => /Subnets per VPC/.test(r.says))
  assert.match(risk?.answer ?? "", /--quota-code L-407747CB --desired-value 4/)
})
