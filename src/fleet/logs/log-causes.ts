import type { Finding, Fix, Severity } from "../doctor/finding.ts"
import type { LogSource } from "../snapshot.ts"

/** One thing that a log can say, in the words of the VPC CNI, of EC2 behind it, or of Berth. */
export interface LogCause {
  readonly id: string
  readonly severity: Severity
  readonly says: string
  readonly words: RegExp
  readonly fix: Fix
}

const tell = (says: string, command?: string): Fix => ({
  kind: "tell",
  says,
  ...(command !== undefined && { command }),
})

/** A line counts for the first cause whose words it has: the order puts what explains the others first. */
export const logCauses: readonly LogCause[] = [
  {
    id: "log/no-eniconfig",
    severity: "blocking",
    says: "the ENIConfig that the node is bound to does not exist, or the node is bound to none",
    words:
      /error while retrieving eniconfig|eniconfigs?\.crd\.k8s\.amazonaws\.com "[^"]*" not found|Failed to attach any ENIs for custom networking|placement\/(?:eniconfig-missing|binding-empty)|is bound to (?:ENIConfig "[^"]*" .*which does not exist|an ENIConfig with an empty name)/i,
    fix: tell(
      "Create the ENIConfig, or correct the node's label or annotation.",
      "kubectl get eniconfigs",
    ),
  },
  {
    id: "log/placement-mismatch",
    severity: "blocking",
    says: "the subnet or a security group of the placement does not fit the node: other zone, other VPC, or gone",
    words:
      /not in the same availability zone|InvalidSubnetID\.NotFound|InvalidSubnet\.|InvalidGroup\.NotFound|InvalidSecurityGroupID|security group .* (?:belongs to|and subnet .* belong to) different|placement\/(?:zone-mismatch|vpc-mismatch|subnet-unknown|no-subnet|security-group-invalid)/i,
    fix: tell("Name a subnet of the node's zone and groups of its VPC.", "berth explain node NODE"),
  },
  {
    id: "log/credentials",
    severity: "blocking",
    says: "the plugin has no credentials that AWS accepts",
    words:
      /ExpiredToken|InvalidClientTokenId|NoCredentialProviders|no EC2 IMDS role found|failed to (?:refresh cached|retrieve) credentials|AuthFailure|ec2\/credentials/i,
    fix: tell("Check the role of service account aws-node (IRSA, Pod Identity) or of the node."),
  },
  {
    id: "log/iam",
    severity: "blocking",
    says: "IAM forbids a call that gets addresses",
    words:
      /UnauthorizedOperation|MissingIAMPermissions|AccessDenied|is not authorized to perform: ec2:|ec2\/unauthorized|may not call ec2/i,
    fix: { kind: "plan", says: "Attach the policy that this prints.", command: "berth iam" },
  },
  {
    id: "log/throttling",
    severity: "risk",
    says: "EC2 throttles the calls that get addresses; they come later",
    words: /RequestLimitExceeded|Throttling(?:Exception)?\b|ec2\/throttled|EC2 throttles/,
    fix: tell("Start fewer nodes at once; larger warm targets, or prefixes, need fewer calls."),
  },
  {
    id: "log/fragmentation",
    severity: "blocking",
    says: "the subnet has no whole /28 block left for a prefix",
    words:
      /InsufficientCidrBlocks|sufficient free Ipv4 addresses or prefixes|ec2\/no-free-prefix|no free \/28/i,
    fix: {
      kind: "plan",
      says: "Reserve a range for prefixes, or add a subnet.",
      command: "berth plan",
    },
  },
  {
    id: "log/subnet-full",
    severity: "blocking",
    says: "the subnet is full",
    words:
      /InsufficientFreeAddressesInSubnet|insufficient free (?:IP )?addresses|ec2\/subnet-full|ipam\/subnets-full|no free address left/i,
    fix: { kind: "plan", says: "Add a subnet in the zone.", command: "berth plan" },
  },
  {
    id: "log/back-off",
    severity: "risk",
    says: "the VPC CNI waits 120 s after EC2 had no address, for the whole node",
    words: /Recently we had InsufficientCidr error/i,
    fix: tell("It goes on by itself; restarting aws-node on the node ends the wait sooner."),
  },
  {
    id: "log/no-slot",
    severity: "blocking",
    says: "the node has as many ENIs or addresses as its type can have",
    words:
      /AttachmentLimitExceeded|PrivateIpAddressLimitExceeded|ipam\/no-interface-slot|cannot attach another ENI/i,
    fix: {
      kind: "plan",
      says: "Lower max-pods, or use prefixes or a larger type.",
      command: "berth max-pods",
    },
  },
  {
    id: "log/imds",
    severity: "blocking",
    says: "the instance metadata service does not answer the plugin",
    words:
      /EC2MetadataError|failed to (?:get|make) .*IMDS|unable to (?:get|retrieve) instance(?: |-)?(?:identity|metadata)|169\.254\.169\.254.*(?:timeout|refused|deadline)/i,
    fix: tell(
      "Check the metadata options of the instance: enabled, hop limit 2 unless host network.",
    ),
  },
  {
    id: "log/api-server",
    severity: "blocking",
    says: "the plugin does not reach the Kubernetes API",
    words:
      /(?:failed|unable) to (?:reach|communicate with|connect to) (?:the )?(?:K8S|Kubernetes)? ?API ?Server|the Kubernetes API cannot be reached|dial tcp [0-9.]+:443: (?:i\/o timeout|connect: connection refused)/i,
    fix: tell(
      "Check kube-proxy on the node, and the security groups between node and control plane.",
    ),
  },
  {
    id: "log/pod-eni",
    severity: "risk",
    says: "a pod waits for a branch ENI of the managed control plane",
    words:
      /failed to get pod ENI|pod-eni annotation|BranchAllocationFailed|branch ENI.*(?:fail|not)/i,
    fix: tell("See the events of the pod and of its node's CNINode."),
  },
]

const evidenceMost = 3

/** What logs say of known troubles: one finding a cause and source. O(lines x causes). */
export function causesInLogs(logs: readonly LogSource[]): Finding[] {
  return logs.flatMap((log) => {
    const hits = Map.groupBy(
      log.lines.flatMap((line) => {
        const cause = logCauses.find((c) => c.words.test(line))
        return cause === undefined ? [] : [{ cause, line }]
      }),
      (hit) => hit.cause,
    )
    return logCauses.flatMap((cause): Finding[] => {
      const lines = hits.get(cause)
      if (lines === undefined) return []
      const count = lines.length === 1 ? "1 line" : `${lines.length.toLocaleString("en")} lines`
      return [
        {
          check: cause.id,
          severity: cause.severity,
          object: log.node === undefined ? `log/${log.name}` : `node/${log.node}`,
          says: cause.says,
          evidence: [
            `${count} of ${log.name}, the last:`,
            ...lines.slice(-evidenceMost).map((l) => shown(l.line)),
          ],
          fix: cause.fix,
        },
      ]
    })
  })
}

const lineMost = 300

const shown = (line: string) => (line.length > lineMost ? `${line.slice(0, lineMost)}…` : line)
