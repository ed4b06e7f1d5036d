// Goal: `berth rotate` replaces nodes of a managed node group on a whole lab, from a terminal and by the controller.
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from "@aws-sdk/client-auto-scaling"
import { nodeClaims, nodeRotations, nodes } from "../../api/resources.ts"
import { clientKube } from "../../kube/client/client-kube.ts"
import type { Lab } from "../../lab/lab.ts"
import { launchLab } from "../../lab/launch.ts"
import { eventually } from "../../lab/sandbox/testing/eventually.ts"
import { quietScenario } from "../../lab/testing/quiet-scenario.ts"
import { run } from "../testing/run.ts"
import { poolLabel, startSmallKarpenter } from "./testing/small-karpenter.ts"

let lab: Lab
let env: Record<string, string>
const folder = mkdtempSync(join(tmpdir(), "berth-rotate-"))
const saved = { ...process.env }

before(async () => {
  lab = await launchLab({
    ...{
      name: `rotate-${process.pid}`,
      scenario: quietScenario,
      kubePort: 0,
      ec2Port: 0,
      hollow: true,
    },
  })
  const aws = {
    AWS_ENDPOINT_URL: lab.ec2Url,
    AWS_REGION: lab.region,
    AWS_ACCESS_KEY_ID: "lab",
    AWS_SECRET_ACCESS_KEY: "lab",
  }
  // The SDK reads the process's own environment.
  Object.assign(process.env, aws)
  env = { ...aws, KUBECONFIG: lab.kubeconfig, XDG_STATE_HOME: folder }
})

after(async () => {
  for (const key of Object.keys(process.env)) if (!(key in saved)) delete process.env[key]
  Object.assign(process.env, saved)
  await lab?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function nodeUids(): Promise<string[]> {
  using kube = clientKube({ kubeconfig: lab.kubeconfig })
  return (await kube.list(nodes)).items.map((n) => n.metadata.uid ?? "").sort()
}

async function group() {
  const asg = new AutoScalingClient({ region: lab.region })
  const { AutoScalingGroups } = await asg.send(new DescribeAutoScalingGroupsCommand({}))
  const [found] = AutoScalingGroups ?? []
  const own = found?.Tags?.filter((t) => t.Key?.startsWith("berth.dev/")) ?? []
  return [found?.DesiredCapacity, found?.SuspendedProcesses?.length, own.length]
}

test("from a terminal: one node is replaced, and the group is as it was", {
  timeout: 180_000,
}, async () => {
  const before = await nodeUids()
  using kube = clientKube({ kubeconfig: lab.kubeconfig })
  const [first] = (await kube.list(nodes)).items
  const argv = ["rotate", "--local", "--yes", "--nodes", first?.metadata.name ?? ""]
  const { exit, out, err } = await run(argv, { env })
  assert.equal(exit, 0, err + out)
  assert.match(out, /asg\/eks-general/)
  assert.match(out, /1\/1 Completed: every node was replaced/)
  const now = await nodeUids()
  assert.equal(now.length, 2)
  assert.equal(now.filter((uid) => before.includes(uid)).length, 1)
  assert.deepEqual(await group(), [2, 0, 0])
})

test("in the cluster: every node is replaced, the controller's own among them", {
  timeout: 300_000,
}, async () => {
  const before = await nodeUids()
  const { exit, out, err } = await run(["rotate", "--yes", "-l", "kubernetes.io/os=linux"], { env })
  assert.equal(exit, 0, err + out)
  assert.match(err, /^NodeRotation rotation-/)
  assert.match(out, /2\/2 Completed/)
  const now = await nodeUids()
  assert.equal(now.length, 2)
  assert.deepEqual(
    now.filter((uid) => before.includes(uid)),
    [],
  )
  assert.deepEqual(await group(), [2, 0, 0])
  using kube = clientKube({ kubeconfig: lab.kubeconfig })
  const [rotation] = (await kube.list(nodeRotations)).items
  assert.equal(rotation?.status?.done, 2)
})

test("of Karpenter: its NodeClaims are deleted one after the other, each when the last one's successor serves", {
  timeout: 240_000,
}, async (t) => {
  using kube = clientKube({ kubeconfig: lab.kubeconfig })
  const stop = new AbortController()
  const { subnets, securityGroups } = quietScenario
  const karpenter = await startSmallKarpenter(
    {
      ...{ kube, region: lab.region, endpoint: lab.ec2Url },
      ...{ subnetId: subnets[0]?.id ?? "", securityGroup: securityGroups[0]?.id ?? "" },
      userData: (labels) =>
        `#!/bin/bash\n/etc/eks/bootstrap.sh quiet --kubelet-extra-args '--node-labels=${labels}'\n`,
    },
    stop.signal,
  )
  t.after(async () => {
    stop.abort(new Error("the test is over"))
    await karpenter.done
  })
  const own = async () =>
    (await kube.list(nodes)).items.filter((n) => n.metadata.labels?.[poolLabel] !== undefined)
  const isReady = (n: Awaited<ReturnType<typeof own>>[number]) =>
    n.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") === true
  for (const _ of [1, 2]) await karpenter.launch()
  await eventually(async () => assert.equal((await own()).filter(isReady).length, 2), 60_000)
  const before = (await own()).map((n) => n.metadata.uid)
  const argv = ["rotate", "--local", "--yes", "-l", `${poolLabel}=default`]
  const { exit, out, err } = await run(argv, { env })
  assert.equal(exit, 0, err + out)
  assert.match(out, /karpenter\/default/)
  assert.match(out, /2\/2 Completed/)
  const now = await own()
  assert.equal(now.filter(isReady).length, 2)
  assert.deepEqual(
    now.filter((n) => before.includes(n.metadata.uid)),
    [],
  )
  const claims = (await kube.list(nodeClaims)).items.map((c) => c.metadata.name)
  assert.deepEqual(claims.sort(), ["default-3", "default-4"])
})
