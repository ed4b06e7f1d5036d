import type { PlanDocument } from "../plan-document.ts"
import { fillReferences, shellName, shellReference } from "../references.ts"
import { objectDocuments } from "./kubectl.ts"

const head = `#!/usr/bin/env bash
# Every command waits for what the next one needs. To begin again in the middle, set the variables of the steps that are
# done and delete those steps. berth apply does the same and remembers where it was.
set -euo pipefail
`

/** The steps as one script for the AWS CLI and kubectl; each ends with its gate. What a person must do stops it. */
export function applyScript(plan: PlanDocument): string | undefined {
  if (plan.steps.length === 0) return undefined
  const steps = plan.steps.map((step, i) => {
    const lines = bodies[step.id]?.(plan, step) ?? step.commands
    return `# ${i + 1}. ${step.title}\n# Gate: ${step.gate}\n${lines.join("\n")}\n`
  })
  const undo = [...plan.steps].reverse().flatMap((step) => step.undo)
  const back =
    undo.length === 0
      ? ""
      : `\n# To take it back:\n${undo.map((c) => `#   ${fillReferences(c, shellReference)}\n`).join("")}`
  // Version 1 of the AWS CLI reads the second alone.
  const { region: name } = plan.site
  const region = name === "" ? "" : `export AWS_REGION=${name} AWS_DEFAULT_REGION=${name}\n`
  return `${head}${region}\n${steps.join("\n")}${back}`
}

type Body = (plan: PlanDocument, step: PlanDocument["steps"][number]) => string[]

const rollout = "kubectl rollout status daemonset aws-node -n kube-system --timeout=10m"

const settings: Body = (_, step) => [...step.commands, rollout]

const byHand: Body = (_, step) => [
  ...step.commands.map((c) => `# ${c}`),
  `read -r -p ${JSON.stringify(`${step.title}: done? Enter goes on, Ctrl-C stops. `)}`,
]

const bodies: Readonly<Partial<Record<PlanDocument["steps"][number]["id"], Body>>> = {
  block: blockLines,
  subnets: subnetLines,
  routes: (_, step) => step.commands.map((c) => fillReferences(c, shellReference)),
  objects: ({ objects }) => [
    "kubectl apply -f - <<END",
    objectDocuments(objects).trimEnd(),
    "END",
    ...objects.map((o) => `kubectl get ${o.kind.toLowerCase()} ${o.metadata.name}`),
  ],
  settings,
  switch: settings,
  "max-pods": byHand,
  canary: byHand,
  rotate: byHand,
}

function blockLines({ site }: PlanDocument, step: PlanDocument["steps"][number]): string[] {
  return step.commands.flatMap((command) => {
    const cidr = /--cidr-block (\S+)/.exec(command)?.[1] ?? ""
    const query = `Vpcs[0].CidrBlockAssociationSet[?CidrBlock=='${cidr}'].CidrBlockState.State`
    return [
      `${shellName("block", cidr)}=$(${command} \\`,
      "  --query CidrBlockAssociation.AssociationId --output text)",
      `until [ "$(aws ec2 describe-vpcs --vpc-ids ${site.vpcId ?? "VPC"} --output text \\`,
      `  --query "${query}")" = associated ]; do`,
      "  sleep 2",
      "done",
    ]
  })
}

function subnetLines(_: PlanDocument, step: PlanDocument["steps"][number]): string[] {
  const names: string[] = []
  const lines = step.commands.flatMap((command) => {
    const zone = /--availability-zone (\S+)/.exec(command)?.[1] ?? ""
    names.push(shellName("subnet", zone))
    return [
      `${shellName("subnet", zone)}=$(${command} \\`,
      "  --query Subnet.SubnetId --output text)",
    ]
  })
  const ids = names.map((n) => `"$${n}"`).join(" ")
  return [...lines, `aws ec2 wait subnet-available --subnet-ids ${ids}`]
}
