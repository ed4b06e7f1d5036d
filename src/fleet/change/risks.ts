import type { Examination } from "../doctor/examination.ts"
import { enumerate, plural } from "../doctor/finding.ts"
import type { ChangePlan } from "./change-plan.ts"

/** What can go wrong, and how the plan or the operator meets it. */
export interface Risk {
  readonly says: string
  readonly answer: string
}

type Draft = Pick<
  ChangePlan,
  "request" | "mode" | "needs" | "forecast" | "quotas" | "layout" | "env" | "replace"
>

/** Risks of a change, from what users of custom networking report most. */
export function risksOf(plan: Draft, examination: Examination): Risk[] {
  return [
    ...placeRisks(plan),
    ...switchRisks(plan, examination),
    ...prefixRisks(plan, examination),
    ...rotationRisks(plan, examination),
  ]
}

function placeRisks({ layout, needs, forecast, quotas }: Draft): Risk[] {
  const short = forecast.filter((f) => f.left < 0)
  const risks: Risk[] = short.map(({ zone, left, subnets }) => ({
    says: `${plural(-left, "address is", "addresses are")} missing in ${zone} (${enumerate(subnets)})`,
    answer: "plan a block for it: berth plan --cidr BLOCK with the same options",
  }))
  for (const { title, code, after, limit } of quotas.filter((q) => q.after > q.limit))
    risks.push({
      says: `${title} would be ${after}, and the quota is ${limit}`,
      answer: `ask for more: aws service-quotas request-service-quota-increase --service-code vpc --quota-code ${code} --desired-value ${after}; or tell what it is with --quota`,
    })
  risks.push(
    ...layout.unplaced.map((zone) => ({
      says: `no room for a pod subnet in ${zone}`,
      answer: "give a larger block, or smaller subnets",
    })),
  )
  for (const block of layout.blocks) {
    risks.push(...block.refusals.map((says) => ({ says, answer: "choose another block" })))
    risks.push(
      ...block.warnings.map((says) => ({
        says,
        answer: "choose another block, unless that is known",
      })),
    )
  }
  for (const { zone, usable, need } of layout.subnets) {
    if (usable >= need.full) continue
    risks.push({
      says: `the subnet in ${zone} has ${usable} addresses, and full nodes want ${need.full}`,
      answer: "use larger subnets, or lower the warm targets",
    })
  }
  if (needs.length === 1) {
    risks.push({
      says: "all nodes are in one zone",
      answer: "nothing here: a zone's outage is the cluster's",
    })
  }
  return risks
}

const isOn = (value: string | undefined) => /^(?:1|t|true)$/i.test(value ?? "")

function switchRisks({ mode, layout }: Draft, { index, aws }: Examination): Risk[] {
  if (mode.customNetworking === index.mode.customNetworking) return []
  if (!mode.customNetworking) {
    return [
      {
        says: "new pods go to the nodes' subnets, which may be too small",
        answer: "check their free addresses first",
      },
    ]
  }
  const external = isOn(mode.env["AWS_VPC_K8S_CNI_EXTERNALSNAT"])
  const risks: Risk[] = [
    {
      says: "inside the VPC pods come with an address of the new block: rules, allow-lists and NO_PROXY that name the nodes' block refuse them",
      answer:
        "`berth doctor` lists such security groups (R05); admit the new block before nodes are replaced",
    },
    {
      says: external
        ? "pods leave the VPC with their own address: without a NAT gateway on the pod subnets' route nothing answers"
        : "off the VPC pods go on leaving with the node's address, security groups and subnet",
      answer: external
        ? "add the routes first (S03)"
        : "nothing, unless they were to leave by the pod subnets",
    },
  ]
  if (layout.blocks.some((b) => b.create)) {
    risks.push({
      says: "the control plane may take an hour (older documents: five) to learn a new block: exec, logs and webhooks of pods there fail meanwhile",
      answer: "wait for a webhook to answer from the canary node before going on",
    })
  }
  if (aws.eks?.addon !== undefined) {
    risks.push({
      says: "the VPC CNI is an EKS add-on: variables set by kubectl alone are lost at its next update",
      answer: "the plan sets them in the add-on's configuration as well (C01)",
    })
  }
  return risks
}

function prefixRisks({ mode, layout }: Draft, { index }: Examination): Risk[] {
  if (!mode.prefixDelegation || index.mode.prefixDelegation) return []
  const dedicated = layout.subnets.every((s) => s.id === undefined)
  return dedicated
    ? []
    : [
        {
          says: "single addresses in a subnet spoil its /28 blocks for prefixes",
          answer: "use new subnets, or reserve a range for prefixes",
        },
      ]
}

function rotationRisks({ replace }: Draft, { index, aws }: Examination): Risk[] {
  if (replace.length === 0) return []
  const { cluster } = index.snapshot
  const risks: Risk[] = [
    {
      says: `${plural(replace.length, "node")} to replace: pods there restart`,
      answer: "one at a time, canary first (berth rotate)",
    },
  ]
  const closed = cluster.disruptionBudgets.filter(
    (b) => b.disruptionsAllowed === 0 && b.expectedPods > 0,
  )
  if (closed.length > 0) {
    risks.push({
      says: `${enumerate(closed.map((b) => `${b.namespace}/${b.name}`))} ${closed.length === 1 ? "allows" : "allow"} no disruption: draining stops there`,
      answer: "run one replica more, or relax the budget",
    })
  }
  const ids = new Set(
    replace.flatMap((r) => index.instanceOf(index.node(r.node) ?? nobody)?.subnetId ?? []),
  )
  const tight = aws.subnets.filter((s) => ids.has(s.id) && s.availableAddresses < surgeNeeds)
  if (tight.length > 0) {
    risks.push({
      says: `new nodes need addresses in ${enumerate(tight.map((s) => `${s.id} (${s.availableAddresses} free)`))}`,
      answer: "where there is none, nodes go before their successors start; or add a node subnet",
    })
  }
  return risks
}

/** A new node takes one address, and the plugin may take a warm ENI's worth before it is told where pods live. */
const surgeNeeds = 2

const nobody = {
  name: "",
  labels: {},
  annotations: {},
  createdAt: "",
  unschedulable: false,
  taints: [],
  ready: false,
}
