import type { Examination } from "../doctor/examination.ts"
import { enumerate, plural } from "../doctor/finding.ts"
import type { ChangePlan, EnvChange } from "./change-plan.ts"
import { launchCommands } from "./launch-commands.ts"
import { routeTableFor } from "./route-table.ts"
import { setCommands } from "./set-command.ts"
import { subnetReference } from "./subnet-reference.ts"

/** One step of the procedure. The next must not begin before the gate holds. */
export interface Step {
  readonly id:
    | "block"
    | "subnets"
    | "routes"
    | "objects"
    | "settings"
    | "max-pods"
    | "switch"
    | "canary"
    | "rotate"
  readonly title: string
  readonly why: string
  /** For a shell; `${block:CIDR}` and `${subnet:ZONE}` stand for ids that earlier steps yield. */
  readonly commands: readonly string[]
  readonly gate: string
  /** What takes the step back; empty when there is nothing to take back. */
  readonly undo: readonly string[]
}

type Draft = Omit<ChangePlan, "steps" | "risks" | "preflight">

const switchName = "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"

/**
 * The order that is safe on a live cluster. It differs from the documented one: custom networking is switched on when
 * everything it needs is there, because a node that is born in between never gets ready.
 */
export function stepsOf(plan: Draft, examination: Examination): Step[] {
  return [
    ...blockSteps(plan, examination),
    ...subnetSteps(plan, examination),
    ...objectSteps(plan),
    ...settingSteps(plan, examination),
    ...nodeSteps(plan, examination),
  ]
}

function blockSteps({ layout }: Draft, { aws }: Examination): Step[] {
  const vpc = aws.vpc?.id ?? "VPC"
  return layout.blocks
    .filter((block) => block.create)
    .map(({ cidr }) => ({
      id: "block",
      title: `Associate ${cidr} with the VPC`,
      why: "the VPC's other blocks have no room for the pods",
      commands: [`aws ec2 associate-vpc-cidr-block --vpc-id ${vpc} --cidr-block ${cidr}`],
      gate: `the state of ${cidr} is associated`,
      undo: [`aws ec2 disassociate-vpc-cidr-block --association-id \${block:${cidr}}`],
    }))
}

function subnetSteps({ layout }: Draft, examination: Examination): Step[] {
  const { aws, index } = examination
  const fresh = layout.subnets.filter((s) => s.id === undefined)
  if (fresh.length === 0) return []
  const vpc = aws.vpc?.id ?? "VPC"
  const name = index.snapshot.cluster.name ?? "cluster"
  const tagged = (zone: string) =>
    `--tag-specifications 'ResourceType=subnet,Tags=[{Key=Name,Value=${name}-pods-${zone}}]'`
  const tableFor = (zone: string) => routeTableFor(examination, zone) ?? "RTB"
  return [
    {
      id: "subnets",
      title: `Create a pod subnet in ${plural(fresh.length, "zone")}`,
      why: "an ENI can only be attached in its own zone",
      commands: fresh.map(
        (s) =>
          `aws ec2 create-subnet --vpc-id ${vpc} --availability-zone ${s.zone} --cidr-block ${s.cidr} ${tagged(s.zone)}`,
      ),
      gate: "every subnet is available",
      undo: fresh.map((s) => `aws ec2 delete-subnet --subnet-id ${subnetReference(s.zone)}`),
    },
    {
      id: "routes",
      title: "Give the pod subnets the nodes' routes",
      why: "a new subnet has the main route table, which may lead nowhere",
      commands: fresh.map(
        (s) =>
          `aws ec2 associate-route-table --subnet-id ${subnetReference(s.zone)} --route-table-id ${tableFor(s.zone)}`,
      ),
      gate: "every pod subnet is associated with its table",
      // Deleting the subnet ends its association.
      undo: [],
    },
  ]
}

function objectSteps({ objects }: Draft): Step[] {
  if (objects.length === 0) return []
  const names = objects.map((o) => `${o.kind}/${o.metadata.name}`)
  return [
    {
      id: "objects",
      title: `Create ${enumerate(names, 6)}`,
      why: "a node that finds none when custom networking is on never gets ready",
      commands: ["kubectl apply -f pods-network.yaml"],
      gate: "every object is there, and with Berth its condition Ready is True",
      undo: ["kubectl delete -f pods-network.yaml"],
    },
  ]
}

function settingSteps({ env, maxPods }: Draft, examination: Examination): Step[] {
  const others = env.filter((change) => change.name !== switchName)
  const steps: Step[] = []
  if (others.length > 0) {
    steps.push({
      id: "settings",
      title: `Set ${enumerate(
        others.map((change) => change.name),
        4,
      )}`,
      why: "these do nothing before custom networking is on, or are harmless on the nodes that run",
      commands: setCommands(others, examination),
      gate: "kubectl rollout status daemonset aws-node -n kube-system",
      undo: setCommands(others.map(reverted), examination),
    })
  }
  const wrong = maxPods.filter((change) => change.now.some((value) => value !== change.after))
  if (wrong.length > 0) {
    steps.push({
      id: "max-pods",
      title: "Start new nodes with the right max-pods",
      why: "kubelet's number is fixed at boot",
      commands: wrong.flatMap((change) => launchCommands(examination, change)),
      gate: "every group starts nodes from the new version of its launch template, and every node class has the number",
      undo: [],
    })
  }
  return steps
}

const reverted = ({ name, before }: EnvChange) => ({ name, value: before })

function nodeSteps({ env, replace, layout }: Draft, examination: Examination): Step[] {
  const change = env.find((c) => c.name === switchName)
  const others = env.filter((c) => c.name !== switchName)
  const steps: Step[] = []
  if (change !== undefined) {
    steps.push({
      id: "switch",
      title: `Turn custom networking ${change.value === "true" ? "on" : "off"}`,
      why: "last of the settings: everything it needs is there",
      commands: setCommands([change], examination, others),
      gate: "kubectl rollout status daemonset aws-node -n kube-system, and berth doctor finds nothing blocking that was not there before",
      undo: setCommands(
        [reverted({ ...change, before: change.before ?? "false" })],
        examination,
        others,
      ),
    })
  }
  const [first, ...rest] = replace
  if (first === undefined) return steps
  const where = layout.subnets.map((s) => s.cidr)
  steps.push({
    id: "canary",
    title: `Replace one node: ${first.node}`,
    why: "what is wrong shows on one node",
    commands: [`berth rotate --nodes ${first.node}`],
    gate: `its successor is Ready${where.length > 0 ? `, its pods have addresses of ${enumerate(where)}` : ""}, and berth doctor finds nothing blocking that was not there before`,
    undo: [rotateBack],
  })
  if (rest.length > 0) {
    const total = examination.nodes.length
    steps.push({
      id: "rotate",
      title: `Replace ${plural(rest.length, "node")} more, of ${total}`,
      why: "nodes that run keep what they have",
      commands: ["berth rotate"],
      gate: "every node is converged (berth status)",
      undo: [rotateBack],
    })
  }
  return steps
}

const rotateBack = "berth rotate --undo   # nodes that were replaced stay replaced"
