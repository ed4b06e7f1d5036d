import { accountActions } from "./account.ts"
import type { Action } from "./action.ts"
import { instanceActions } from "./instances.ts"
import { interfaceActions } from "./interfaces.ts"
import { launchTemplateActions } from "./launch-templates.ts"
import { networkAclActions } from "./network-acls.ts"
import { publicAddressActions } from "./public-addresses.ts"
import { routingActions } from "./routing.ts"
import { securityGroupActions } from "./security-groups.ts"
import { tagActions } from "./tags.ts"
import { vpcActions } from "./vpcs.ts"

/** Every action the lab's EC2 serves, by name. */
export const ec2Actions: Readonly<Record<string, Action>> = {
  ...interfaceActions,
  ...instanceActions,
  ...vpcActions,
  ...securityGroupActions,
  ...routingActions,
  ...networkAclActions,
  ...publicAddressActions,
  ...accountActions,
  ...tagActions,
  ...launchTemplateActions,
}
