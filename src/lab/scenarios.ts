import { exhausted } from "./demo/exhausted.ts"
import type { Scenario } from "./scenario.ts"
import { healthy } from "./scenarios/healthy.ts"
import { placement } from "./scenarios/placement.ts"
import { plain } from "./scenarios/plain.ts"

/** States a lab can start in, by the name that `berth lab up --scenario` takes. */
export const scenarios = {
  exhausted,
  /** The same VPC with room in every subnet, and nothing running. */
  empty: {
    ...exhausted,
    name: "empty",
    subnets: exhausted.subnets.map(({ occupied: _, ...subnet }) => subnet),
    manifests: [],
  },
  healthy,
  placement,
  plain,
  /** The plugin as an EKS add-on. */
  addon: { ...plain, name: "addon", addon: "v1.21.1-eksbuild.1" },
  /** A cluster that never heard of Berth. */
  stock: { ...plain, name: "stock", plugin: "vpc-cni" },
} satisfies Record<string, Scenario>
