import { entry } from "./berth-error.ts"

/** What is not known or not possible in a VPC. */
export const vpcErrors = {
  "vpc/instance-type-unknown": entry<{ type: string; similar: readonly string[] }>({
    says: (d) => `instance type "${d.type}" is not in Berth's table of limits`,
    hint: (d) =>
      d.similar.length > 0
        ? `Did you mean ${d.similar.join(", ")}?`
        : "Check its spelling (aws ec2 describe-instance-types), or use a newer Berth.",
    exit: 65,
  }),
  "vpc/cni-version-malformed": entry<{ version: string }>({
    says: (d) => `"${d.version}" is not a version of the VPC CNI`,
    hint: "Write it as 1.18.0 or v1.18.0-eksbuild.1.",
    exit: 64,
  }),
}
