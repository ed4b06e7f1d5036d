import { stringify } from "yaml"
import type { EnvChange } from "../../change/change-plan.ts"
import type { PlanDocument } from "../plan-document.ts"
import { fillDeep, shellName, shellReference } from "../references.ts"

const switchName = "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"

/** ENIConfigs or a SubnetPool. Ids that are not known yet are variables, for envsubst. */
export function objectManifests({ objects, layout }: PlanDocument): string | undefined {
  if (objects.length === 0) return undefined
  const unknown = layout.subnets.filter((s) => s.id === undefined)
  const names = unknown.map((s) => shellName("subnet", s.zone))
  const head =
    names.length === 0
      ? ""
      : `# Set ${names.join(", ")} to the ids of the new subnets, then:\n#   envsubst < pods-network.yaml | kubectl apply -f -\n`
  return head + objectDocuments(objects)
}

/** The objects with shell variables in place of ids that are not known. */
export const objectDocuments = (objects: PlanDocument["objects"]): string =>
  objects.map((o) => stringify(fillDeep(o, shellReference), { lineWidth: 0 })).join("---\n")

export const settingsOf = ({ env }: PlanDocument): readonly EnvChange[] =>
  env.filter((change) => change.name !== switchName)

export const switchOf = ({ env }: PlanDocument): EnvChange | undefined =>
  env.find((change) => change.name === switchName)

export const settingsPatch = (plan: PlanDocument): string | undefined => patch(settingsOf(plan))

export function switchPatch(plan: PlanDocument): string | undefined {
  const change = switchOf(plan)
  return change && patch([change])
}

/** A strategic merge patch: containers and variables are matched by name. */
function patch(env: readonly EnvChange[]): string | undefined {
  if (env.length === 0) return undefined
  const variables = env.map(({ name, value }) => ({ name, value }))
  const containers = [{ name: "aws-node", env: variables }]
  const head = "# kubectl patch daemonset aws-node -n kube-system --patch-file THIS_FILE\n"
  return head + stringify({ spec: { template: { spec: { containers } } } })
}
