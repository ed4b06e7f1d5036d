/** An IAM policy document (version 2012-10-17). */
export interface Policy {
  readonly Version: "2012-10-17"
  readonly Statement: readonly Statement[]
}

interface Statement {
  readonly Sid: string
  readonly Effect: "Allow"
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | readonly string[]>>>
  >
}

export const policyRoles = ["controller", "read", "apply", "rotate"] as const
export type PolicyRole = (typeof policyRoles)[number]

const ec2 = (actions: readonly string[]) => actions.map((a) => `ec2:${a}`)

const describeNetwork = ec2([
  "DescribeInstances",
  "DescribeNetworkInterfaces",
  "DescribeSecurityGroups",
  "DescribeSubnets",
  "DescribeVpcs",
])

/**
 * The least that each use needs. Describe actions know no resource-level permissions, hence "*". With a cluster name the
 * controller's changes are confined to ENIs that carry the cluster's tag; without one EC2 offers nothing to confine by.
 */
export function policy(role: PolicyRole, scope: { cluster?: string; partition?: string }): Policy {
  return {
    Version: "2012-10-17",
    Statement: statements[role](scope.partition ?? "aws", scope.cluster),
  }
}

const statements: Readonly<
  Record<PolicyRole, (partition: string, cluster?: string) => Statement[]>
> = {
  controller: (partition, cluster) => {
    const eni = `arn:${partition}:ec2:*:*:network-interface/*`
    const tag = "cluster.k8s.amazonaws.com/name"
    const owned =
      cluster === undefined
        ? {}
        : { Condition: { StringEquals: { [`aws:ResourceTag/${tag}`]: cluster } } }
    const tagged =
      cluster === undefined
        ? {}
        : { Condition: { StringEquals: { [`aws:RequestTag/${tag}`]: cluster } } }
    return [
      { Sid: "ReadNetwork", Effect: "Allow", Action: describeNetwork, Resource: "*" },
      {
        Sid: "CreateTaggedInterfaces",
        Effect: "Allow",
        Action: ec2(["CreateNetworkInterface"]),
        Resource: eni,
        ...tagged,
      },
      {
        Sid: "CreateInterfacesIn",
        Effect: "Allow",
        Action: ec2(["CreateNetworkInterface"]),
        Resource: [
          `arn:${partition}:ec2:*:*:subnet/*`,
          `arn:${partition}:ec2:*:*:security-group/*`,
        ],
      },
      {
        Sid: "ChangeOwnInterfaces",
        Effect: "Allow",
        Action: ec2([
          "AssignPrivateIpAddresses",
          "AttachNetworkInterface",
          "DeleteNetworkInterface",
          "DetachNetworkInterface",
          "ModifyNetworkInterfaceAttribute",
          "UnassignPrivateIpAddresses",
        ]),
        Resource: eni,
        ...owned,
      },
      {
        // Attaching, detaching and naming groups are authorised on the other side as well.
        Sid: "AttachToInstances",
        Effect: "Allow",
        Action: ec2([
          "AttachNetworkInterface",
          "DetachNetworkInterface",
          "ModifyNetworkInterfaceAttribute",
        ]),
        Resource: [
          `arn:${partition}:ec2:*:*:instance/*`,
          `arn:${partition}:ec2:*:*:security-group/*`,
        ],
      },
      {
        // Tags are given as an ENI is created and never afterwards, so no other's can be made to look like Berth's own.
        Sid: "TagInterfaces",
        Effect: "Allow",
        Action: ec2(["CreateTags"]),
        Resource: eni,
        Condition: { StringEquals: { "ec2:CreateAction": "CreateNetworkInterface" } },
      },
    ]
  },
  read: () => [
    {
      Sid: "Read",
      Effect: "Allow",
      Action: [
        ...describeNetwork,
        ...ec2(
          [
            "DescribeRouteTables",
            "DescribeNatGateways",
            "DescribeNetworkAcls",
            "DescribeVpcPeeringConnections",
            "GetSubnetCidrReservations",
          ].sort(),
        ),
        "autoscaling:DescribeAutoScalingGroups",
        "eks:DescribeAddon",
        "eks:DescribeCluster",
        "eks:DescribeNodegroup",
        "eks:ListNodegroups",
      ],
      Resource: "*",
    },
  ],
  apply: (partition) => [
    ...statements.read(partition),
    {
      Sid: "AddAddressSpace",
      Effect: "Allow",
      Action: ec2([
        "AssociateRouteTable",
        "AssociateVpcCidrBlock",
        "CreateSubnet",
        "CreateSubnetCidrReservation",
        "CreateTags",
        "DeleteSubnet",
        "DisassociateRouteTable",
        "DisassociateVpcCidrBlock",
      ]),
      Resource: "*",
    },
    {
      Sid: "ConfigureAddon",
      Effect: "Allow",
      Action: ["eks:DescribeAddonConfiguration", "eks:UpdateAddon"],
      Resource: "*",
    },
  ],
  rotate: (partition) => [
    ...statements.read(partition),
    {
      Sid: "ReplaceNodes",
      Effect: "Allow",
      Action: [
        "autoscaling:CreateOrUpdateTags",
        "autoscaling:DeleteTags",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:ResumeProcesses",
        "autoscaling:SetDesiredCapacity",
        "autoscaling:SuspendProcesses",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "autoscaling:UpdateAutoScalingGroup",
        "ec2:TerminateInstances",
        "eks:UpdateNodegroupConfig",
      ],
      Resource: "*",
    },
  ],
}
