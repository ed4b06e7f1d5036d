import { entry } from "./berth-error.ts"

/** What EC2 refused, in Berth's words. `src/ec2/errors.ts` maps EC2's own codes to these. */
export const cloudErrors = {
  "ec2/subnet-full": entry<{ subnet: string }>({
    says: (d) => `subnet ${d.subnet} has no free address left`,
    hint: "Add a subnet to the placement, or free addresses (kubectl berth explain subnet).",
    cni: 11,
  }),
  "ec2/no-free-prefix": entry<{ subnet: string }>({
    says: (d) => `subnet ${d.subnet} has no free /28 block left`,
    hint: "Reserve a range for prefixes, add a subnet, or let Berth use single addresses.",
    cni: 11,
  }),
  "ec2/throttled": entry<{ action: string }>({
    says: (d) => `EC2 throttles ${d.action}`,
    hint: "Berth slows down and tries again; ask AWS for a higher rate if it lasts.",
    cni: 11,
  }),
  "ec2/unauthorized": entry<{ action: string }>({
    says: (d) => `the controller's IAM role may not call ec2:${d.action}`,
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
  "ec2/failed": entry<{ action: string; code: string; message: string }>({
    says: (d) => `ec2:${d.action} failed: ${d.code}: ${d.message}`,
    hint: "See the message of EC2; `berth doctor` looks for the cause.",
    cni: 11,
  }),
}
