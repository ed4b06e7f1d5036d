import { ipamVariables } from "./ipam.ts"
import { nodeVariables } from "./node.ts"
import { placementVariables } from "./placement.ts"
import { trafficVariables } from "./traffic.ts"
import { unservedVariables } from "./unserved.ts"
import type { Variable } from "./variable.ts"

/** Every variable of DaemonSet aws-node that Berth knows. docs/environment.md is generated from this table. */
export const environment = {
  ...placementVariables,
  ...ipamVariables,
  ...trafficVariables,
  ...nodeVariables,
  ...unservedVariables,
}

export type VariableName = keyof typeof environment
export type Values = {
  readonly [N in VariableName]: (typeof environment)[N] extends Variable<infer T> ? T : never
}
