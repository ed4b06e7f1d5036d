// Goal: what `berth explain pod --to` says of a packet is what happens to it: whom the other side sees, in every mode.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { pods } from "../api/resources.ts"
import { clientKube } from "../kube/client/client-kube.ts"
import { internetAddress, onPremises } from "../lab/fabric/addresses.ts"
import { whyHollow } from "../lab/sandbox/requirements.ts"
import { eventually } from "../lab/sandbox/testing/eventually.ts"
import { scenarios } from "../lab/scenarios.ts"
import { kubectlFor, whyNoKubectl } from "../lab/testing/kubectl.ts"
import { type LabShell, labShell } from "./testing/lab-shell.ts"

const why = whyNoKubectl() ?? (await whyHollow())
const skip = why === undefined ? {} : { skip: why }
/** A pod of each placement: of the node's pool, of the node's ENIConfig, of a pool of its own, with groups of its own. */
const senders = [
  { namespace: "web", name: "pooled", group: "web" },
  { namespace: "bank", name: "plain", group: "shared" },
  { namespace: "blue", name: "blue", group: "shared" },
  { namespace: "bank", name: "isolated", group: "shared", app: "database" },
] as const

let shell: LabShell
let kubectl: ReturnType<typeof kubectlFor>
let target: string

const must = async (...argv: string[]) => {
  const { exit, stdout, stderr } = await kubectl(...argv)
  assert.equal(exit, 0, stderr)
  return stdout
}

before(async () => {
  if (why !== undefined) return
  shell = await labShell(scenarios.placement, false)
  kubectl = kubectlFor(shell.lab.kubeconfig)
  await setAgents("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true")
  using kube = clientKube({ kubeconfig: shell.lab.kubeconfig })
  for (const { namespace, name, group, ...more } of senders) {
    const labels = "app" in more ? { app: more.app } : {}
    const spec = {
      nodeSelector: { "eks.amazonaws.com/nodegroup": group },
      containers: [{ name: "main", image: "registry.example/whoami:1" }],
    }
    const metadata = { namespace, name, labels }
    await kube.create(pods, { apiVersion: "v1", kind: "Pod", metadata, spec } as never)
  }
  await eventually(async () => {
    const found = await Promise.all(senders.map((s) => kube.get(pods, s.name, s.namespace)))
    assert.deepEqual(
      found.map((p) => p?.status?.phase),
      senders.map(() => "Running"),
    )
    target = found[0]?.status?.podIP ?? ""
  })
})
after(() => shell?.[Symbol.asyncDispose]())

async function setAgents(...assignments: string[]) {
  await must("set", "env", "daemonset", "aws-node", "-n", "kube-system", ...assignments)
  await must("rollout", "status", "daemonset", "aws-node", "-n", "kube-system", "--timeout=60s")
}

type Sender = (typeof senders)[number]

async function stated({ namespace, name }: Sender, to: string): Promise<string> {
  const { out, err } = await shell.berth("explain", "pod", `${namespace}/${name}`, "--to", to)
  return /seen there as +(\S+)/.exec(out)?.[1] ?? `nothing stated: ${out}${err}`
}

/** The source address that the other side tells; "nothing" where the packet has no way there. */
async function observed({ namespace, name }: Sender, to: string): Promise<string> {
  const url = to === target ? `http://${to}:8080/` : `http://${to}/`
  const curl = ["exec", "-n", namespace, name, "--", "curl", "-s", "-m", "3", url]
  const { exit, stdout } = await kubectl(...curl)
  if (exit !== 0) return "nothing"
  const { client, sourceAddress } = JSON.parse(stdout) as Record<string, string>
  return client ?? sourceAddress ?? ""
}

const modes = [
  { name: "as it comes", set: [] },
  {
    name: "with the network on premises excluded from translation",
    set: [`AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS=${onPremises.cidr}`],
  },
  {
    name: "with external SNAT",
    set: ["AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS-", "AWS_VPC_K8S_CNI_EXTERNALSNAT=true"],
  },
]

for (const mode of modes) {
  test(`explain says whom the other side sees, ${mode.name}`, skip, async () => {
    if (mode.set.length > 0) await setAgents(...mode.set)
    const ways = senders.flatMap((sender) =>
      [internetAddress, onPremises.address, target]
        .filter((to) => to !== target || sender.name !== "pooled")
        .map((to) => ({ sender, to })),
    )
    const said: Record<string, string> = {}
    const seen: Record<string, string> = {}
    for (const { sender, to } of ways) {
      const way = `${sender.name} to ${to}`
      said[way] = await stated(sender, to)
      seen[way] = await observed(sender, to)
    }
    assert.deepEqual(said, seen)
    // The web pool's subnets have no NAT gateway; every other way leads somewhere.
    const lost = Object.entries(seen).flatMap(([way, who]) => (who === "nothing" ? way : []))
    assert.deepEqual(lost, mode.set.length > 1 ? [`pooled to ${internetAddress}`] : [])
  })
}

test("the doctor calls no ENI of a pod's own placement a stray", skip, async () => {
  const { out } = await shell.berth("doctor", "--only", "N04", "--fail-on", "note")
  assert.match(out, /nothing found/)
})
