import type { PlanDocument } from "../../fleet/plan/plan-document.ts"
import type { Kube } from "../../kube/kube.ts"
import type { AddonCalls } from "./addon-calls.ts"
import type { StateStore } from "./apply-state.ts"
import { objectWork, settingWork } from "./cluster-work.ts"
import type { NetworkCalls } from "./network-calls.ts"
import { blockWork, routeWork, subnetWork } from "./network-work.ts"

/** What carrying out works with. */
export interface ApplyContext {
  readonly plan: PlanDocument
  readonly store: StateStore
  readonly kube: Kube
  readonly network: NetworkCalls
  /** Set when EKS manages the plugin. */
  readonly addon?: AddonCalls
}

/** One step's effects. All of them may be repeated. The gates only read: undefined, or what is still missing. */
export interface StepWork {
  carryOut(): Promise<void>
  gate(): Promise<string | undefined>
  takeBack(): Promise<void>
  /** Whether the step is taken back. */
  goneGate(): Promise<string | undefined>
}

const switchName = "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"

/** The work of the plan's step at `at`; undefined where a person, or `berth rotate`, has to do it. */
export function workOf(context: ApplyContext, at: number): StepWork | undefined {
  const { steps, layout, env } = context.plan
  const step = steps[at]
  switch (step?.id) {
    case "block": {
      const nth = steps.slice(0, at).filter((s) => s.id === "block").length
      const block = layout.blocks.filter((b) => b.create)[nth]
      return block && blockWork(context, block.cidr)
    }
    case "subnets":
      return subnetWork(context)
    case "routes":
      return routeWork(context)
    case "objects":
      return objectWork(context)
    case "settings":
      return settingWork(
        context,
        env.filter((e) => e.name !== switchName),
      )
    case "switch":
      return settingWork(
        context,
        env.filter((e) => e.name === switchName),
      )
    default:
      return undefined
  }
}
