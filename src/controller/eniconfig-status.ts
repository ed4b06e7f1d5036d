import type { ENIConfig, ENIConfigStatus } from "../api/eniconfig.ts"
import type { PlacementStatus } from "../api/nodenetwork.ts"
import type { Read } from "../placement/read.ts"
import type { SecurityGroup, Subnet } from "../vpc/model.ts"
import { type ConditionState, withTransitions } from "./conditions.ts"
import { isExhaustion } from "./node-status.ts"
import type { Tally } from "./tally.ts"

export interface BoundNode {
  readonly name: string
  readonly zone: string
  readonly vpcId: string
  readonly placement: PlacementStatus | undefined
}

export interface ENIConfigInput {
  readonly config: ENIConfig
  readonly bound: readonly BoundNode[]
  readonly tally: Tally
  readonly subnet: Read<Subnet>
  /** Free addresses of the subnet, less what calls under way were promised. */
  readonly free: number | undefined
  readonly groups: ReadonlyMap<string, Read<SecurityGroup>>
  readonly now: number
}

/** What an ENIConfig says of itself: who uses it, what that takes, and what stands in the way. */
export function eniConfigStatus(input: ENIConfigInput): ENIConfigStatus {
  const { config, bound, tally } = input
  const subnet = input.subnet.state === "found" ? input.subnet.value : undefined
  const generation = config.metadata.generation
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const problems = [zoneMismatch(input, subnet), groupInvalid(input), exhausted(input, subnet)]
  const states = [ready(input, problems), ...problems].map((c) => ({ ...c, ...observed }))
  return {
    ...observed,
    nodes: bound.length,
    interfaces: tally.interfaces,
    addresses: tally.addresses,
    ...(subnet
      ? {
          zone: subnet.zone,
          cidr: subnet.cidr,
          freeAddresses: input.free ?? subnet.availableAddresses,
        }
      : {}),
    conditions: withTransitions(states, config.status?.conditions, input.now),
  }
}

function ready(input: ENIConfigInput, problems: readonly ConditionState[]): ConditionState {
  const type = "Ready"
  const id = input.config.spec?.subnet ?? ""
  const { subnet, bound } = input
  if (subnet.state === "failed")
    return { type, status: "Unknown", reason: "Unreadable", message: subnet.why }
  if (subnet.state === "absent")
    return no(type, "SubnetUnknown", `EC2 does not know subnet ${id}; check id, region and account`)
  const elsewhere = bound.find((n) => n.vpcId !== subnet.value.vpcId)
  if (elsewhere)
    return no(type, "VpcMismatch", `subnet ${id} is in ${subnet.value.vpcId}, the nodes are not`)
  const problem = problems.find((c) => c.status === "True")
  if (problem) return no(type, problem.type, problem.message)
  return { type, status: "True", reason: "Ready", message: "nodes can be served" }
}

function zoneMismatch({ bound }: ENIConfigInput, subnet: Subnet | undefined): ConditionState {
  const type = "ZoneMismatch"
  const wrong = subnet ? bound.filter((n) => n.zone !== subnet.zone) : []
  const [first] = wrong
  if (!subnet || !first) return none(type, "every bound node is in the zone of the subnet")
  const nodes = namesOf(wrong.map((n) => n.name))
  return {
    type,
    status: "True",
    reason: "OtherZone",
    message: `subnet ${subnet.id} is in ${subnet.zone}, but ${nodes} in ${first.zone}: an ENI can only be attached in its own zone`,
  }
}

function groupInvalid({ groups, bound, subnet }: ENIConfigInput): ConditionState {
  const type = "SecurityGroupInvalid"
  const vpcId = bound[0]?.vpcId ?? (subnet.state === "found" ? subnet.value.vpcId : undefined)
  for (const [id, read] of groups) {
    if (read.state === "absent")
      return { type, status: "True", reason: "Unknown", message: `EC2 does not know ${id}` }
    if (read.state === "found" && vpcId !== undefined && read.value.vpcId !== vpcId)
      return {
        type,
        status: "True",
        reason: "OtherVpc",
        message: `${id} belongs to ${read.value.vpcId}, not to ${vpcId}`,
      }
  }
  return none(type, "the security groups can be used")
}

function exhausted({ bound, free }: ENIConfigInput, subnet: Subnet | undefined): ConditionState {
  const type = "SubnetExhausted"
  const short = bound.filter((n) => isExhaustion(n.placement?.code ?? ""))
  const [first] = short
  if (first)
    return {
      type,
      status: "True",
      reason: "NoFreeAddress",
      message: `${first.placement?.message ?? ""} (${namesOf(short.map((n) => n.name))})`,
    }
  if (subnet && free === 0)
    return { type, status: "True", reason: "NoFreeAddress", message: `${subnet.id} is full` }
  return none(type, "the subnet has free addresses")
}

const no = (type: string, reason: string, message: string): ConditionState => ({
  ...{ type, status: "False", reason, message },
})

const none = (type: string, message: string): ConditionState => no(type, "None", message)

const namesOf = (names: readonly string[]): string => {
  const shown = [...names].sort().slice(0, 3).join(", ")
  return names.length > 3 ? `${shown} and ${names.length - 3} more nodes` : shown
}
