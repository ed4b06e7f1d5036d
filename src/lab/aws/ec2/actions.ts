import type { Action } from "./action.ts"
import { instanceActions } from "./instances.ts"
import { interfaceActions } from "./interfaces.ts"
import { networkActions } from "./network.ts"
import { tagActions } from "./tags.ts"

/** Every action the lab's EC2 serves, by name. */
export const ec2Actions: Readonly<Record<string, Action>> = {
  ...interfaceActions,
  ...instanceActions,
  ...networkActions,
  ...tagActions,
}
