import type { PlanDocument } from "../plan-document.ts"
import { addonConfiguration } from "./addon.ts"
import { cloudFormation } from "./cloudformation.ts"
import { eksctl } from "./eksctl.ts"
import { karpenterClass, karpenterValues } from "./karpenter.ts"
import { objectManifests, settingsPatch, switchPatch } from "./kubectl.ts"
import { applyScript } from "./script.ts"
import { terraform } from "./terraform.ts"

export interface PlanFile {
  readonly name: string
  readonly about: string
  readonly text: string
  readonly executable?: true
}

/** The plan as files for the tools that an organisation changes its clusters with. Files with nothing to say are left out. */
export function planFiles(plan: PlanDocument): PlanFile[] {
  const file = (name: string, about: string, text: string | undefined): PlanFile[] =>
    text === undefined ? [] : [{ name, about, text }]
  return [
    ...file("plan.json", "the plan for berth apply", `${JSON.stringify(plan, null, 2)}\n`),
    ...file("apply.sh", "AWS CLI and kubectl, step by step", applyScript(plan)).map((f) => ({
      ...f,
      executable: true as const,
    })),
    ...file("pods-network.yaml", "kubectl apply -f", objectManifests(plan)),
    ...file("aws-node-settings.yaml", "kubectl patch --patch-file", settingsPatch(plan)),
    ...file("aws-node-switch.yaml", "the same, last of all", switchPatch(plan)),
    ...file("main.tf", "Terraform", terraform(plan)),
    ...file("cloudformation.yaml", "CloudFormation: blocks, subnets, routes", cloudFormation(plan)),
    ...file("eksctl.yaml", "eksctl: add-on and node groups", eksctl(plan)),
    ...file("karpenter-values.yaml", "values of Karpenter's chart", karpenterValues(plan)),
    ...file("karpenter.yaml", "fields to merge into an EC2NodeClass", karpenterClass(plan)),
    ...file(
      "addon-configuration.json",
      "aws eks update-addon --configuration-values file://",
      addonConfiguration(plan),
    ),
  ]
}
