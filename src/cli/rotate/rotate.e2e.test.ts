// Goal: `berth rotate` replaces nodes of a managed node group on a whole lab, from a terminal and by the controller.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from "@aws-sdk/client-auto-scaling"
import { nodeClaims, nodeRotations, nodes } from "../../api/resources.ts"
import { clientKube } from "../../kube/client/client-kube.ts"
import { eventually } from "../../lab/sandbox/testing/eventually.ts"
import { quietScenario } from "../../lab/testing/quiet-scenario.ts"
import { type LabShell, labShell } from "../testing/lab-shell.ts"
import { poolLabel, startSmallKarpenter } from "./testing/small-karpenter.ts"

let shell: LabShell

before(async () => {
  shell = await labShell(quietScenario, true)
})
after(() => shell?.[Symbol.asyncDispose]())

async function nodeUids(): Promise<string[]> {
  using kube = clientKube({ kubeconfig: shell.lab.kubeconfig })
  return (await kube.list(nodes)).items.map((n) => n.metadata.uid ?? "").sort()
}

async function group() {
  const asg = new AutoScalingClient({ region: shell.lab.region })
  const { AutoScalingGroups } = await asg.send(new DescribeAutoScalingGroupsCommand({}))
  const [found] = AutoScalingGroups ?? []
  const own = found?.Tags?.filter((t) => t.Key?.startsWith("berth.dev/")) ?? []
  return [found?.DesiredCapacity, found?.SuspendedProcesses?.length, own.length]
}

test("from a terminal: one node is replaced, and the group is as it was", {
  timeout: 180_000,
}, async () => {
  const before = await nodeUids()
  using kube = clientKube({ kubeconfig: shell.lab.kubeconfig })
  const [first] = (await kube.list(nodes)).items
  const argv = ["rotate", "--local", "--yes", "--nodes", first?.metadata.name ?? ""]
  const { exit, out, err } = await shell.berth(...argv)
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
  const { exit, out, err } = await shell.berth("rotate", "--yes", "-l", "kubernetes.io/os=linux")
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
  using kube = clientKube({ kubeconfig: shell.lab.kubeconfig })
  const [rotation] = (await kube.list(nodeRotations)).items
  assert.equal(rotation?.status?.done, 2)
})

test("of Karpenter: its NodeClaims are deleted one after the other, each when the last one's successor serves", {
  timeout: 240_000,
}, async (t) => {
  using kube = clientKube({ kubeconfig: shell.lab.kubeconfig })
  const stop = new AbortController()
  const { subnets, securityGroups } = quietScenario
  const karpenter = await startSmallKarpenter(
    {
      ...{ kube, region: shell.lab.region, endpoint: shell.lab.ec2Url },
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
  const { exit, out, err } = await shell.berth(...argv)
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
