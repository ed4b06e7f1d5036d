import { checks } from "../../fleet/doctor/checks.ts"

/** docs/doctor.md: what to type when something is wrong, what it takes to read, and every check. */
export function doctorPage(): string {
  const parts = [...Map.groupBy(checks, (c) => c.id[0]).values()]
  const sorted = parts.flatMap((part) => part.sort((a, b) => (a.id < b.id ? -1 : 1)))
  const rows = sorted.map(
    (c) => `| ${c.id} | ${c.title} | ${c.severity} | ${c.needs.map((n) => `\`${n}\``).join(" ")} |`,
  )
  return [text, "| id | holds when all is well | severity | needs |", "|---|---|---|---|", ...rows]
    .join("\n")
    .concat("\n")
}

const text = `# When something is wrong

Generated from \`src/cli/reference/doctor-page.ts\` and \`src/fleet/doctor\` by \`node scripts/docs.ts\`.

\`\`\`sh
berth status                                    # is it this? trouble first, one line each
berth doctor                                    # why: what proves it, and the command that mends it
berth explain pod web-7f9c -n shop              # why this pod has its address, or none
berth explain pod web-7f9c -n shop --to 8.8.8.8 # and whom a firewall there sees
\`\`\`

Nothing has to be installed: they read a cluster with the VPC CNI as they read one with Berth. Nothing is changed.
\`berth doctor\` puts the reason why pods get no address first (X04, with the cause in parentheses); its commands can be
pasted as they stand. It exits with 1 when it finds something as bad as \`--fail-on\` (default \`wrong-network\`), so that it
can guard a pipeline: \`berth doctor -o sarif\`, \`-o junit\`.

## Without the cluster

\`\`\`sh
berth snapshot -o monday.json                   # where the access is: no Secret, token or user data gets in
berth doctor --snapshot monday.json             # anywhere; every reading command takes it
berth doctor --logs eks_i-0123456789abcdef0.tar.gz
berth debug bundle -o case.tgz                  # snapshot, logs and objects, for somebody else
\`\`\`

## What it reads

\`berth iam read\` prints the IAM policy. In the cluster it lists:

\`\`\`yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: berth-read }
rules:
  - { apiGroups: [""], resources: [namespaces, nodes, pods, serviceaccounts], verbs: [list] }
  - { apiGroups: [apps], resources: [daemonsets], verbs: [list] }
  - { apiGroups: [berth.dev], resources: [nodenetworks, subnetpools], verbs: [list] }
  - { apiGroups: [crd.k8s.amazonaws.com], resources: [eniconfigs], verbs: [list] }
  - { apiGroups: [elbv2.k8s.aws], resources: [targetgroupbindings], verbs: [list] }
  - { apiGroups: [events.k8s.io], resources: [events], verbs: [list] }
  - { apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [list] }
  - { apiGroups: [policy], resources: [poddisruptionbudgets], verbs: [list] }
  - { apiGroups: [vpcresources.k8s.aws], resources: [securitygrouppolicies], verbs: [list] }
\`\`\`

What may not be read costs the checks that need it, and no others: \`berth doctor --all\` names them.

## The checks

A letter for the part (VPC, Subnet, security Group, biNding, Cni, Max-pods, Rotation, eXecution) and a number.
\`--only S,N01\` makes some of them.
`
