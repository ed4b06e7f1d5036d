/** The role that EC2 or Berth names in a refusal: `...:assumed-role/NAME/SESSION is not authorized`, `role NAME may not`. */
const roleNamed = /assumed-role\/([\w+=,.@-]+)\/|IAM role ([\w+=,.@-]+) may not/

/**
 * The command that gives a role what the plugin needs, by what was said when a call was refused. Where no role is named
 * it prints the policy only.
 */
export function grantCommand(refusals: readonly string[], berth: boolean): string {
  const match = refusals.flatMap((text) => roleNamed.exec(text) ?? [])
  const role = match[1] ?? match[2]
  if (role === undefined) return "berth iam"
  if (!berth) {
    const arn = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"
    return `aws iam attach-role-policy --role-name ${role} --policy-arn ${arn}`
  }
  return `berth iam controller | aws iam put-role-policy --role-name ${role} --policy-name berth-controller --policy-document file:///dev/stdin`
}
