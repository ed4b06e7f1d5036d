import { entry } from "./berth-error.ts"

/** What is said about an object before it takes effect: by the webhook, and by `berth validate`. */
export const admissionErrors = {
  "admission/invalid": entry<{ object: string; field: string; why: string }>({
    says: (d) => `${d.object}: ${d.field} ${d.why}`,
    hint: (d) =>
      `kubectl explain ${d.object.split("/")[0]?.toLowerCase()}.spec tells what the kind takes.`,
    exit: 65,
  }),
  "admission/no-subnet-in-zone": entry<{ object: string; zone: string; nodes: string }>({
    says: (d) =>
      `${d.object} has no subnet in ${d.zone}, where it serves ${d.nodes}: pods there get no address`,
    hint: (d) => `Add a subnet in ${d.zone}.`,
  }),
  "admission/pools-overlap": entry<{ pool: string; others: string; what: string }>({
    says: (d) =>
      `SubnetPool/${d.pool} and ${d.others} ${d.what} with the same priority: what both select is refused a placement`,
    hint: "Give one of them a higher spec.priority, or make their selectors exclude each other.",
  }),
  "admission/in-use": entry<{ object: string; users: string }>({
    says: (d) => `${d.object} is in use: ${d.users}`,
    hint: "Bind its users to another object first; kubectl delete --dry-run=server tells when nothing is left.",
  }),
  "admission/unchecked": entry<{ object: string; why: string }>({
    says: (d) => `${d.object} was not compared with AWS: ${d.why}`,
    hint: "Nothing is refused for that; its status tells what comes of it (kubectl describe).",
  }),
}
