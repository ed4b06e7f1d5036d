import type { FleetIndex } from "../../fleet/facts/fleet-index.ts"
import type { PlanDocument } from "../../fleet/plan/plan-document.ts"
import type { Kube } from "../../kube/kube.ts"
import type { AddonCalls } from "./addon-calls.ts"
import type { StateStore } from "./apply-state.ts"
import { objectWork, settingWork } from "./cluster-work.ts"
import type { NetworkCalls } from "./network-calls.ts"
import { blockWork, routeWork, subnetWork } from "./network-work.ts"
import { newBlockers } from "./new-blockers.ts"
import { canaryWork, type Rotations, restWork } from "./rotation-work.ts"

/** What carrying out works with. */
export interface ApplyContext {
  readonly plan: PlanDocument
  readonly store: StateStore
  readonly kube: Kube
  readonly network: NetworkCalls
  /** Set when EKS manages the plugin. */
  readonly addon?: AddonCalls
  readonly rotations: Rotations
  /** Everything that the doctor looks at, read now. */
  readonly look: () => Promise<FleetIndex>
  /** Ends the work between two calls; what was done is known. */
  readonly signal: AbortSignal
}

/** One step's effects. All of them may be repeated. The gates only read: undefined, or what is still missing. */
export interface StepWork {
  /** A gate before the step begins. */
  ready?(): Promise<string | undefined>
  carryOut(): Promise<void>
  gate(): Promise<string | undefined>
  takeBack(): Promise<void>
  /** Whether the step is taken back. */
  goneGate(): Promise<string | undefined>
  /** What of it no undo takes back. */
  readonly stays?: string
}

const switchName = "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"

/** The work of the plan's step at `at`; undefined where a person has to do it. */
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
      return switchWork(
        context,
        env.filter((e) => e.name === switchName),
      )
    case "canary":
      return canaryWork(context, step)
    case "rotate":
      return restWork(context, step)
    default:
      return undefined
  }
}

/** Settings that can break every new pod: the doctor looks before nodes are replaced. */
function switchWork(context: ApplyContext, env: PlanDocument["env"]): StepWork {
  const work = settingWork(context, env)
  return { ...work, gate: async () => (await work.gate()) ?? newBlockers(context) }
}
