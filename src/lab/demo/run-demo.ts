import type { Writable } from "node:stream"
import type { Clock } from "../../clock.ts"
import type { Ec2 } from "../../ec2/ec2.ts"
import { sdkEc2 } from "../../ec2/sdk/sdk-ec2.ts"
import { exportLines } from "../environment.ts"
import { internetAddress } from "../fabric/addresses.ts"
import { ensureKubectl, type Kubectl } from "../kubectl/ensure-kubectl.ts"
import type { Lab, LabOptions } from "../lab.ts"
import { launchLab } from "../launch.ts"
import { namesIn, podCells, podHeader, summarise, summaryHeader } from "./before-after.ts"
import { isRunning, type PodRow, podRows, readPods } from "./cluster-view.ts"
import { exhausted } from "./exhausted.ts"
import { createNarrator } from "./narrator.ts"
import { createNodeLauncher } from "./nodes.ts"
import { createOperator } from "./operator.ts"
import * as procedure from "./procedure.ts"
import { createShell } from "./shell.ts"
import { answering, sourcesSeen } from "./traffic.ts"
import { verify } from "./verify.ts"

export interface DemoOptions extends Omit<LabOptions, "scenario" | "onProgress"> {
  readonly once: boolean
  readonly out: Writable & { isTTY?: boolean; columns?: number }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Renders rows under a header, at most `width` wide. */
  readonly table: (
    header: readonly string[],
    rows: readonly (readonly string[])[],
    width?: number,
  ) => string
}

const replicas = 30

/** The main job. Resolves to the exit code: 0 only when every pod is where the operator wanted it and answers. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { out, signal, clock } = options
  const narrator = createNarrator(out, () => clock.now())
  const lab = await launchLab({
    ...options,
    scenario: exhausted,
    onProgress: (text) => narrator.progress(text),
  })
  await using _ = { [Symbol.asyncDispose]: () => lab.stop() }
  const kubectl = await ensureKubectl(options.env, lab.kubeconfig)
  narrator.good(
    `the lab is up: 2 nodes, Kubernetes API and EC2 on 127.0.0.1${lab.hollow ? " (hollow: nothing is wired)" : ""}`,
  )
  if (lab.hollow) narrator.note(`No packets flow: ${lab.hollow}`)
  if (kubectl.own)
    narrator.note("kubectl is not installed; Berth's own small client stands in for it")
  const operator = createOperator(createShell(kubectl.env), narrator, clock, signal)
  const ec2 = sdkEc2({
    region: lab.region,
    endpoint: lab.ec2Url,
    credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
  })
  const stage: procedure.Stage = {
    narrator,
    operator,
    launcher: createNodeLauncher(lab.ec2Url, lab.region),
    replicas,
    freeIn: async (ids) =>
      (await ec2.describeSubnets({ ids })).reduce((sum, s) => sum + s.availableAddresses, 0),
  }
  const view = viewOf(lab, stage, ec2)

  await procedure.lookAtIncident(stage)
  const before = await view()
  await procedure.checkVersion(stage)
  await procedure.turnOnCustomNetworking(stage)
  await procedure.describeSubnets(stage)
  await procedure.watchConvergence(stage)
  await procedure.describeBatchSubnet(stage)
  const batchNodes = await procedure.replaceNodes(stage)
  const after = await view()

  const from = after.find((r) => r.running)
  const reachable =
    lab.hollow || !from
      ? undefined
      : await answering(
          operator.shell,
          from.pod,
          after.map((r) => r.address),
        )
  const wrong = verify(after, { replicas, batchNodes, reachable })
  show(options, before, after)
  for (const sentence of wrong) narrator.bad(sentence)
  if (wrong.length === 0)
    narrator.good(
      `every pod is where it should be${reachable ? `, and all ${reachable.size} answer` : ""}`,
    )
  if (!options.once) await stayUp(options, lab, kubectl, from)
  return wrong.length === 0 ? 0 : 1
}

function viewOf(lab: Lab, stage: procedure.Stage, ec2: Ec2): () => Promise<PodRow[]> {
  return async () => {
    const { shell } = stage.operator
    const [pods, nodes, interfaces] = await Promise.all([
      readPods(shell, procedure.namespace),
      procedure.readNodes(stage.operator),
      ec2.describeNetworkInterfaces({ vpcId: exhausted.vpc.id }),
    ])
    const names = pods.filter(isRunning).map((p) => p.metadata.name)
    const seen = lab.hollow
      ? new Map<string, string>()
      : await sourcesSeen(shell, names, `http://${internetAddress}/`)
    return podRows(
      pods,
      interfaces,
      new Map(nodes.map((n) => [n.metadata.name, procedure.zoneOf(n)])),
      seen,
    )
  }
}

function show(options: DemoOptions, before: readonly PodRow[], after: readonly PodRow[]): void {
  const { out, table } = options
  const width = out.isTTY ? out.columns : undefined
  const names = namesIn(exhausted)
  const pods = after.map((row) => podCells(row, names))
  out.write(`\nEvery pod now:\n${table(podHeader, pods, width)}`)
  out.write(`\nBefore:\n${table(summaryHeader, summarise(before, names), width)}`)
  out.write(`\nAfter:\n${table(summaryHeader, summarise(after, names), width)}\n`)
}

async function stayUp(
  { out, signal }: DemoOptions,
  lab: Lab,
  kubectl: Kubectl,
  pod: PodRow | undefined,
): Promise<void> {
  const lines = [
    ...exportLines(lab),
    // The stand-in is in a folder of the lab's; the machine's own kubectl is on PATH anyway.
    ...(kubectl.own ? [`export PATH=${kubectl.own}:$PATH`] : []),
    `kubectl get pods -n ${procedure.namespace} -o wide`,
    "kubectl get eniconfigs,nodenetworks",
    "npm run -s berth -- status",
    `npm run -s berth -- explain pod ${procedure.namespace}/${pod?.pod ?? "POD"} --to 8.8.8.8`,
    "aws ec2 describe-network-interfaces",
  ]
  out.write("The lab stays up until Ctrl-C. To look around, in another terminal:\n\n")
  out.write(`${lines.map((line) => `  ${line}\n`).join("")}\n`)
  await Promise.race([
    lab.ended,
    new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })),
  ])
}
