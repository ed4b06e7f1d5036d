// Goal: the script that `berth plan --write` makes carries the plan out, with the AWS CLI and kubectl as they are.
import assert from "node:assert/strict"
import { execFile, spawnSync } from "node:child_process"
import { join } from "node:path"
import { test } from "node:test"
import { daemonSets, eniConfigs } from "../api/resources.ts"
import { clientKube } from "../kube/client/client-kube.ts"
import { scenarios } from "../lab/scenarios.ts"
import { whyNoKubectl } from "../lab/testing/kubectl.ts"
import { sdkAddon } from "./apply/addon-calls.ts"
import { sdkNetwork } from "./apply/sdk-network.ts"
import { labShell } from "./testing/lab-shell.ts"
import type { Ran } from "./testing/run.ts"

const works = (program: string, ...args: string[]) => spawnSync(program, args).status === 0
const whyNot = whyNoKubectl() ?? (works("aws", "--version") ? undefined : "the AWS CLI is missing")

const bash = (script: string, env: Readonly<Record<string, string>>): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(
      "bash",
      [script],
      { env: { ...process.env, ...env }, timeout: 150_000 },
      (e, out, err) => resolve({ exit: e === null ? 0 : 1, out, err }),
    )
  })

test("the script of a plan for an add-on", {
  skip: whyNot ?? false,
  timeout: 200_000,
}, async () => {
  await using shell = await labShell(scenarios.addon, true)
  const { lab, folder, env, berth } = shell
  const out = join(folder, "change")
  const request = ["--cidr", "100.64.0.0/16", "--warm-ip-target", "3"]
  const planned = await berth("plan", ...request, "--write", out)
  assert.equal(planned.exit, 0, planned.err + planned.out)
  const carried = await bash(join(out, "apply.sh"), env)
  assert.equal(carried.exit, 0, carried.out + carried.err)

  const place = { region: lab.region, endpoint: lab.ec2Url }
  const network = sdkNetwork(place)
  const { id: vpc } = scenarios.addon.vpc
  const blocks = (await network.blocks(vpc)).map((b) => [b.cidr, b.state])
  assert.deepEqual(blocks.at(-1), ["100.64.0.0/16", "associated"])
  const subnets = (await network.subnets(vpc)).filter((s) => s.cidr.startsWith("100.64."))
  const routed = (await network.routeTables(vpc)).flatMap((table) => table.subnetIds)
  assert.ok(subnets.length === 2 && subnets.every((s) => routed.includes(s.id)))
  using kube = clientKube({ kubeconfig: lab.kubeconfig })
  const configs = (await kube.list(eniConfigs)).items.map((c) => [c.metadata.name, c.spec?.subnet])
  assert.deepEqual(
    new Map(configs as [string, string][]),
    new Map(subnets.map((s) => [s.zone, s.id])),
  )
  const settings = {
    WARM_IP_TARGET: "3",
    ENI_CONFIG_LABEL_DEF: "topology.kubernetes.io/zone",
    AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true",
  }
  const { configuration, status } = await sdkAddon({ ...place, cluster: "harbour" }).read()
  assert.deepEqual([configuration, status], [{ env: settings }, "ACTIVE"])
  const set = await kube.get(daemonSets, "aws-node", "kube-system")
  const live = set?.spec.template.spec.containers[0]?.env ?? []
  for (const [name, value] of Object.entries(settings))
    assert.equal(live.find((e) => e.name === name)?.value, value, name)

  const again = await berth("plan", ...request, "-o", "json")
  assert.deepEqual(JSON.parse(again.out).steps, [], "nothing is left to do")
})
