import { entry } from "./berth-error.ts"

/** EC2's answer to an assignment does not name the subnet, only the caller knows it. */
const subnetName = (d: { subnet?: string; eni?: string }) =>
  d.subnet === undefined ? `the subnet of ${d.eni ?? "the interface"}` : `subnet ${d.subnet}`

/** What EC2 refused, in Berth's words. `src/ec2/errors.ts` maps EC2's own codes to these. */
export const cloudErrors = {
  "ec2/subnet-full": entry<{ subnet?: string; eni?: string }>({
    says: (d) => `${subnetName(d)} has no free address left`,
    hint: "Add a subnet to the placement, or free addresses (kubectl berth explain subnet).",
    cni: 11,
  }),
  "ec2/no-free-prefix": entry<{ subnet?: string; eni?: string }>({
    says: (d) => `${subnetName(d)} has no free /28 block left`,
    hint: "Reserve a range for prefixes, add a subnet, or let Berth use single addresses.",
    cni: 11,
  }),
  "ec2/throttled": entry<{ action: string }>({
    says: (d) => `EC2 throttles ${d.action}`,
    hint: "Berth slows down and tries again; ask AWS for a higher rate if it lasts.",
    cni: 11,
  }),
  "ec2/queue-full": entry<{ action: string; waiting: number }>({
    says: (d) => `too many EC2 calls wait already (${d.waiting}), ec2:${d.action} is not queued`,
    hint: "Berth tries again later; see the call budget in the metrics, and ask AWS for a higher rate if it lasts.",
    cni: 11,
  }),
  "ec2/unauthorized": entry<{ action: string; role?: string }>({
    says: (d) =>
      `the controller's IAM role ${d.role === undefined ? "" : `${d.role} `}may not call ec2:${d.action}`,
    hint: "Attach the policy that `berth iam` prints.",
    cni: 11,
  }),
  "ec2/not-found": entry<{ resource: string }>({
    says: (d) => `EC2 does not know ${d.resource}`,
    hint: "It may have been deleted, or be in another region or account.",
    cni: 11,
  }),
  "ec2/limit": entry<{ what: string }>({
    says: (d) => `EC2 limit reached: ${d.what}`,
    hint: "Use a larger instance type or prefix delegation, or lower max-pods.",
    cni: 11,
  }),
  "ec2/in-use": entry<{ resource: string }>({
    says: (d) => `${d.resource} is in use`,
    hint: "It is freed when what uses it lets go; Berth tries again.",
    cni: 11,
  }),
  "ec2/zone-mismatch": entry<{ action: string; message: string }>({
    says: (d) => `ec2:${d.action} crosses availability zones: ${d.message}`,
    hint: "Bind the node to a subnet in its own zone (kubectl berth explain node).",
  }),
  "ec2/token-reused": entry<{ action: string }>({
    says: (d) => `ec2:${d.action} repeats a client token with other parameters`,
    hint: "A defect of Berth: please report it with `berth debug bundle`.",
  }),
  "ec2/credentials": entry<{ code: string; message: string }>({
    says: (d) => `AWS does not accept the credentials: ${d.code}: ${d.message}`,
    hint: "Check the role of the service account (IRSA or Pod Identity), or `aws sts get-caller-identity`.",
    cni: 11,
    exit: 77,
  }),
  "ec2/unavailable": entry<{ action: string; code: string }>({
    says: (d) => `EC2 did not answer ec2:${d.action} properly (${d.code})`,
    hint: "Berth tries again; see the AWS Health Dashboard if it lasts.",
    cni: 11,
    exit: 69,
  }),
  "ec2/dry-run": entry<{ action: string }>({
    says: (d) => `ec2:${d.action} would have succeeded; this was a dry run`,
    hint: "Repeat it without the dry run to carry it out.",
    exit: 0,
  }),
  "ec2/failed": entry<{ action: string; code: string; message: string }>({
    says: (d) => `ec2:${d.action} failed: ${d.code}: ${d.message}`,
    hint: "See the message of EC2; `berth doctor` looks for the cause.",
    cni: 11,
  }),
}
