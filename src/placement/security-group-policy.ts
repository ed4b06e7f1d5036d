import type { SecurityGroupPolicy } from "../api/securitygrouppolicy.ts"
import type { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import type { Read } from "./read.ts"
import { selects } from "./selector.ts"
import type { Trace, TraceStep } from "./trace.ts"

type Labels = Readonly<Record<string, string>>

/** What of a pod decides its security groups. */
export interface PolicyPod {
  readonly namespace: string
  readonly labels: Labels
  readonly serviceAccount: string
  /** Labels of the ServiceAccount object; read only when a policy selects by them. */
  readonly serviceAccountLabels: Read<Labels>
}

export type GroupsDecision =
  | { readonly ok: true; readonly groups: readonly string[]; readonly trace: Trace }
  | { readonly ok: false; readonly refusal: BerthError; readonly trace: Trace }

/**
 * The union of the groups of all SecurityGroupPolicies of the pod's namespace that select it, sorted; empty when none
 * does. As in the original (amazon-vpc-resource-controller-k8s pkg/utils/helper.go): a missing selector is not
 * considered, an empty one selects everything, two are ANDed, and a policy without selectors or groups is skipped.
 */
export function groupsForPod(
  pod: PolicyPod,
  policies: Read<readonly SecurityGroupPolicy[]>,
): GroupsDecision {
  const trace: TraceStep[] = []
  const unreadable = (what: string, why: string): GroupsDecision => {
    return { ok: false, refusal: fail("placement/unreadable", { what, why }), trace }
  }
  if (policies.state === "failed")
    return unreadable("the list of SecurityGroupPolicies", policies.why)
  const list = policies.state === "found" ? policies.value : []
  const groups = new Set<string>()
  for (const policy of list.filter((p) => p.metadata.namespace === pod.namespace)) {
    const subject = `SecurityGroupPolicy/${policy.metadata.name}`
    const { podSelector, serviceAccountSelector, securityGroups } = policy.spec ?? {}
    const ids = securityGroups?.groupIds ?? []
    if ((!podSelector && !serviceAccountSelector) || ids.length === 0) {
      trace.push({ subject, verdict: "passed over", why: "has no selector or no group" })
    } else if (podSelector && !selects(podSelector, pod.labels)) {
      trace.push({ subject, verdict: "passed over", why: "its podSelector does not match" })
    } else if (serviceAccountSelector && pod.serviceAccountLabels.state === "failed") {
      return unreadable(`service account ${pod.serviceAccount}`, pod.serviceAccountLabels.why)
    } else if (serviceAccountSelector && !accountMatches(serviceAccountSelector, pod)) {
      trace.push({
        subject,
        verdict: "passed over",
        why: "its serviceAccountSelector does not match",
      })
    } else {
      trace.push({ subject, verdict: "chosen", why: ids.join(", ") })
      for (const id of ids) groups.add(id)
    }
  }
  return { ok: true, groups: [...groups].sort(), trace }
}

const accountMatches = (selector: Parameters<typeof selects>[0], pod: PolicyPod) =>
  pod.serviceAccountLabels.state === "found" && selects(selector, pod.serviceAccountLabels.value)
