import { CreateNetworkInterfaceCommand, EC2Client } from "@aws-sdk/client-ec2"
import type { Event, Node, Pod } from "../../src/api/core.ts"
import type { SubnetTerm } from "../../src/api/subnetpool.ts"
import { sdkEc2 } from "../../src/ec2/sdk/sdk-ec2.ts"
import { isRunning, readList, readPods } from "../../src/lab/demo/cluster-view.ts"
import { createShell } from "../../src/lab/demo/shell.ts"
import { environmentOf } from "../../src/lab/environment.ts"
import { ensureKubectl } from "../../src/lab/kubectl/ensure-kubectl.ts"
import { launchLab } from "../../src/lab/launch.ts"
import { placement } from "../../src/lab/scenarios/placement.ts"
import { type WhoamiWorkload, whoamiWorkload } from "../../src/lab/scenarios/whoami-workload.ts"
import { until } from "../../src/testing/until.ts"

interface Workload extends WhoamiWorkload {
  /** Node group whose nodes may run it. */
  readonly group: string
}

export type PlacementLab = Awaited<ReturnType<typeof placementLab>>

const credentials = { accessKeyId: "lab", secretAccessKey: "lab" }

/** The placement scenario with its pools in force, and what a person would type to look at it. */
export async function placementLab(name: string, more: { readonly controlPlane?: string } = {}) {
  const ports = { kubePort: 0, ec2Port: 0 }
  // Kubelets that try again soon: what is waited for here is Berth, not they.
  const scenario = { ...placement, kubeletRetryMs: 1_000 }
  const lab = await launchLab({ name, scenario, ...ports, hollow: false, ...more })
  const kubectl = await ensureKubectl(process.env, lab.kubeconfig)
  const shell = createShell({ ...kubectl.env, ...environmentOf(lab) })
  const run = async (line: string, input?: string): Promise<string> => {
    const { exit, stdout, stderr } = await shell(line, input === undefined ? {} : { input })
    if (exit !== 0) throw new Error(`${line}\n${stderr || stdout}`)
    return stdout
  }
  const setAgents = async (assignment: string) => {
    await run(`kubectl set env daemonset aws-node -n kube-system ${assignment}`)
    await run("kubectl rollout status daemonset aws-node -n kube-system --timeout=60s")
  }
  const endpoint = { region: lab.region, endpoint: lab.ec2Url, credentials }
  const ec2 = sdkEc2(endpoint)
  const client = new EC2Client(endpoint)
  try {
    await setAgents("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true")
  } catch (error) {
    await lab.stop()
    throw error
  }
  const warnings = async (namespace: string) => {
    const events = await readList<Event & { message?: string }>(
      shell,
      `kubectl get events -n ${namespace} --field-selector type=Warning -o json`,
    )
    return events.filter((e) => e.reason !== "FailedScheduling")
  }
  return {
    hollow: lab.hollow,
    run,
    setAgents,
    stop: () => lab.stop(),
    deploy: ({ group, ...workload }: Workload) =>
      run(
        "kubectl apply -f -",
        whoamiWorkload({
          ...workload,
          podSpec: { nodeSelector: { "eks.amazonaws.com/nodegroup": group } },
        }),
      ),
    scale: (namespace: string, deployment: string, replicas: number) =>
      run(`kubectl scale deployment ${deployment} -n ${namespace} --replicas=${replicas}`),
    /** Lets the deployment's pods run on nodes with this label only, as `KEY=VALUE`. */
    pin: (namespace: string, deployment: string, label: string) => {
      const [key = "", value] = label.split("=")
      const patch = { spec: { template: { spec: { nodeSelector: { [key]: value } } } } }
      return run(
        `kubectl patch deployment ${deployment} -n ${namespace} -p '${JSON.stringify(patch)}'`,
      )
    },
    remove: (namespace: string, deployment: string) =>
      run(`kubectl delete deployment ${deployment} -n ${namespace}`),
    /** Resolves with the pods of the namespace once so many run. */
    running: (namespace: string, count: number) =>
      until(`${count} pods run in ${namespace}`, async () => {
        const pods = (await readPods(shell, namespace)).filter(isRunning)
        if (pods.length === count) return pods
        const why = (await warnings(namespace)).at(-1)
        return `${pods.length} do; ${why?.note ?? why?.message ?? "no warning"}`
      }),
    /** What the events of a namespace warn of: `REASON: NOTE`. */
    failures: async (namespace: string) =>
      (await warnings(namespace)).map((e) => `${e.reason}: ${e.note ?? e.message}`),
    /** Which subnet each pod's address is from, as EC2 has it. */
    async subnetsOf(pods: readonly Pod[]) {
      const nodes = await readList<Node>(shell, "kubectl get nodes -o json")
      const interfaces = await ec2.describeNetworkInterfaces({ vpcId: placement.vpc.id })
      return pods.map((pod) => {
        const ip = pod.status?.podIP ?? ""
        const eni = interfaces.find((i) => i.primaryAddress === ip || i.addresses.includes(ip))
        const node = nodes.find((n) => n.metadata.name === pod.spec.nodeName)
        return {
          pod: pod.metadata.name,
          zone: node?.metadata.labels?.["topology.kubernetes.io/zone"] ?? "",
          subnet: eni?.subnetId ?? "",
          groups: eni?.securityGroups ?? [],
        }
      })
    },
    /** Somebody else in the VPC takes addresses of a subnet, one by one: so many, or what Berth leaves of them. */
    async takeAddresses(subnet: string, count: number): Promise<void> {
      for (let taken = 0; taken < count; taken++) {
        try {
          await client.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }))
        } catch (error) {
          if ((error as Error).name !== "InsufficientFreeAddressesInSubnet") throw error
          return
        }
      }
    },
    /** Names and restarts of the agents' pods. */
    agents: () =>
      run(
        "kubectl get pods -n kube-system -l k8s-app=aws-node -o 'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount}{\"\\n\"}{end}'",
      ),
    /** The AWS CLI on the lab's EC2. */
    aws: (args: string) => run(`aws ${args}`),
    /** Changes members of a pool's spec; null takes one away. */
    editPool: (pool: string, spec: object) =>
      run(`kubectl patch subnetpool ${pool} --type=merge -p '${JSON.stringify({ spec })}'`),
    addToPool: (pool: string, term: SubnetTerm) =>
      run(
        `kubectl patch subnetpool ${pool} --type=json -p '${JSON.stringify([{ op: "add", path: "/spec/subnets/-", value: term }])}'`,
      ),
    /** Whether `from` gets an answer by HTTP from `to`. */
    async answers(from: Pod, to: Pod): Promise<boolean> {
      const { namespace, name } = from.metadata
      const url = `http://${to.status?.podIP}:8080/`
      const got = await shell(
        `kubectl exec -n ${namespace} ${name} -- curl -s -o /dev/null -m 2 ${url}`,
      )
      return got.exit === 0
    },
    /** The source address that a host on the internet sees. */
    async seenAs(from: Pod, address: string): Promise<string> {
      const { namespace, name } = from.metadata
      const body = await run(
        `kubectl exec -n ${namespace} ${name} -- curl -s -m 5 http://${address}/`,
      )
      return (JSON.parse(body) as { sourceAddress: string }).sourceAddress
    },
  }
}
