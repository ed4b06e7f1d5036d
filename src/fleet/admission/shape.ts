import type { ENIConfig } from "../../api/eniconfig.ts"
import type { KubeObject, LabelSelector } from "../../api/meta.ts"
import type { SecurityGroupPolicy } from "../../api/securitygrouppolicy.ts"
import type { SecurityGroupTerm, SubnetPool, SubnetTerm } from "../../api/subnetpool.ts"
import { fail } from "../../errors/catalogue.ts"
import { parseCidr } from "../../vpc/cidr.ts"
import { checkTypes, specTypes } from "./field-types.ts"
import { type AdmissionFinding, deny, nameOf } from "./finding.ts"

const subnetId = /^subnet-[0-9a-f]{8,17}$/
const groupId = /^sg-[0-9a-f]{8,17}$/
/** "Security groups per network interface": 5 unless the quota is raised, 16 at most. */
const groupsMax = 5
const operators: readonly string[] = ["In", "NotIn", "Exists", "DoesNotExist"]
const strategies = ["MostFree", "MostFreePrefixes", "Ordered", "Weighted"]

type Say = (field: string, why: string) => void

/**
 * What can be said of an object by looking at nothing else. The CRDs and the ValidatingAdmissionPolicy say the same in
 * the cluster; an original CRD of Amazon VPC CNI, which a cluster may keep, accepts anything.
 */
export function shapeFindings(given: KubeObject & { spec?: unknown }): AdmissionFinding[] {
  // `spec:` with nothing behind it.
  const object = given.spec === null ? { ...given, spec: undefined } : given
  const findings: AdmissionFinding[] = []
  const name = nameOf(object)
  const say: Say = (field, why) =>
    findings.push(deny(name, fail("admission/invalid", { object: name, field, why })))
  const { [object.kind]: type } = specTypes
  if (type !== undefined) checkTypes("spec", object.spec, type, say)
  if (findings.length > 0) return findings
  if (object.kind === "ENIConfig") checkENIConfig(object as ENIConfig, say)
  if (object.kind === "SubnetPool") checkPool(object as SubnetPool, say)
  if (object.kind === "SecurityGroupPolicy") checkPolicy(object as SecurityGroupPolicy, say)
  return findings
}

function checkENIConfig({ spec = {}, ...rest }: ENIConfig, say: Say): void {
  if (rest.metadata.namespace !== undefined)
    say("metadata.namespace", "is set, but the kind has none")
  if (!spec.subnet) say("spec.subnet", "is missing")
  else checkId("spec.subnet", spec.subnet, subnetId, say)
  checkGroupIds("spec.securityGroups", spec.securityGroups ?? [], say)
}

function checkPolicy({ spec = {} }: SecurityGroupPolicy, say: Say): void {
  if (!spec.podSelector && !spec.serviceAccountSelector)
    say("spec", "has neither podSelector nor serviceAccountSelector: it would select nothing")
  const ids = spec.securityGroups?.groupIds ?? []
  if (ids.length === 0) say("spec.securityGroups.groupIds", "is empty: it takes one to five ids")
  checkGroupIds("spec.securityGroups.groupIds", ids, say)
  checkSelector("spec.podSelector", spec.podSelector, say)
  checkSelector("spec.serviceAccountSelector", spec.serviceAccountSelector, say)
}

function checkPool({ spec, metadata }: SubnetPool, say: Say): void {
  if (metadata.namespace !== undefined) say("metadata.namespace", "is set, but the kind has none")
  if (!Array.isArray(spec?.subnets) || spec.subnets.length === 0) {
    say("spec.subnets", "is empty: it takes at least one term")
    return
  }
  const forPods = [spec.podSelector, spec.namespaceSelector, spec.serviceAccount]
  const servesPods = forPods.some((selector) => selector !== undefined)
  if ((spec.nodeSelector !== undefined) === servesPods)
    say(
      "spec",
      "must serve either nodes (nodeSelector) or pods (podSelector, namespaceSelector, serviceAccount)",
    )
  if (spec.nodeSelector !== undefined && spec.quotaPerNamespace !== undefined)
    say("spec.quotaPerNamespace", "needs a pool that serves pods")
  if (spec.strategy !== undefined && !strategies.includes(spec.strategy))
    say("spec.strategy", `is none of ${strategies.join(", ")}`)
  for (const name of ["nodeSelector", "podSelector", "namespaceSelector"] as const)
    checkSelector(`spec.${name}`, spec[name], say)
  checkNumber("spec.priority", spec.priority, undefined, say)
  checkNumber("spec.quotaPerNamespace", spec.quotaPerNamespace, 1, say)
  checkNumber("spec.sticky.ttlSeconds", spec.sticky?.ttlSeconds, 1, say)
  for (const [i, term] of spec.subnets.entries()) checkSubnetTerm(`spec.subnets[${i}]`, term, say)
  for (const [i, term] of (spec.securityGroups ?? []).entries())
    checkGroupTerm(`spec.securityGroups[${i}]`, term, say)
}

function checkSubnetTerm(field: string, term: SubnetTerm, say: Say): void {
  exactlyOne(field, term, ["id", "tags", "cidr"], say)
  if (term.id !== undefined) checkId(`${field}.id`, term.id, subnetId, say)
  checkNumber(`${field}.weight`, term.weight, 0, say)
  checkNumber(`${field}.reserve`, term.reserve, 0, say)
  if (term.cidr !== undefined && parseCidr(term.cidr) === undefined)
    say(`${field}.cidr`, `"${term.cidr}" is not a CIDR block such as 100.64.0.0/16`)
  if (term.tags !== undefined && Object.keys(term.tags).length === 0)
    say(`${field}.tags`, "is empty: it would select nothing")
}

/** Kubernetes takes a selector that it cannot evaluate for one that selects nothing. */
function checkSelector(field: string, selector: LabelSelector | undefined, say: Say): void {
  for (const [i, { operator, values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const at = `${field}.matchExpressions[${i}]`
    if (!operators.includes(operator)) say(`${at}.operator`, `is none of ${operators.join(", ")}`)
    else if (operator.endsWith("In") && values.length === 0)
      say(`${at}.values`, `is empty, and ${operator} needs some`)
    else if (!operator.endsWith("In") && values.length > 0)
      say(`${at}.values`, `is not empty, and ${operator} takes none`)
  }
}

function checkNumber(
  field: string,
  value: number | undefined,
  least: number | undefined,
  say: Say,
): void {
  if (value === undefined) return
  const bound = least === undefined ? "" : ` from ${least} on`
  if (!Number.isInteger(value) || (least !== undefined && value < least))
    say(field, `is no whole number${bound}`)
}

function checkGroupTerm(field: string, term: SecurityGroupTerm, say: Say): void {
  exactlyOne(field, term, ["id", "name", "tags"], say)
  if (term.id !== undefined) checkId(`${field}.id`, term.id, groupId, say)
}

function exactlyOne(field: string, term: object, members: readonly string[], say: Say): void {
  const set = members.filter((member) => (term as Record<string, unknown>)[member] !== undefined)
  if (set.length === 1) return
  const has = set.length === 0 ? "none" : set.join(" and ")
  say(field, `must have exactly one of ${members.join(", ")}; it has ${has}`)
}

function checkGroupIds(field: string, ids: readonly string[], say: Say): void {
  for (const [i, id] of ids.entries()) checkId(`${field}[${i}]`, id, groupId, say)
  const count = new Set(ids).size
  if (count > groupsMax) say(field, `names ${count} groups, and an ENI takes ${groupsMax}`)
}

function checkId(field: string, id: string, pattern: RegExp, say: Say): void {
  if (!pattern.test(id)) say(field, `"${id}" is not an id: ${pattern.source}`)
}
