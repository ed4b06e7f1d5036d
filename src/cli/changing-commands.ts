import type { Command } from "./command.ts"
import { kubeconfigOptions, outputOption, readingOptions } from "./reading-options.ts"
import { rotateCommand } from "./rotate/rotate-command.ts"

/** Plan a change, carry it out, and what its steps need. */
export const changingCommands: readonly Command[] = [
  {
    path: "plan",
    summary: "What a change takes: CIDR blocks, subnets, objects, settings, nodes, in a safe order",
    about:
      "Plans a change and carries nothing out: the addresses each zone will need, the blocks and subnets to make for " +
      "them, ENIConfigs or a pool, settings, max-pods, the nodes to replace, and what can go wrong. With no change " +
      "named it plans to turn custom networking on. Exits 1 when the change cannot begin as things are.",
    options: [
      { flags: "--custom-networking <state>", about: "turn it on or off", choices: ["on", "off"] },
      {
        flags: "--cidr <block>",
        about: "block for the pods; made a block of the VPC when it is none",
      },
      { flags: "--subnet-length <length>", about: "prefix length of the pod subnets, 16 to 28" },
      { flags: "--pool <name>", about: "one SubnetPool over all zones, no ENIConfigs" },
      {
        flags: "--security-group <id>",
        about: "security group of the pods; default the cluster's",
        many: true,
      },
      { flags: "--prefix-delegation <state>", about: "turn it on or off", choices: ["on", "off"] },
      { flags: "--warm-ip-target <number>", about: "set WARM_IP_TARGET" },
      { flags: "--minimum-ip-target <number>", about: "set MINIMUM_IP_TARGET" },
      { flags: "--warm-eni-target <number>", about: "set WARM_ENI_TARGET" },
      { flags: "--warm-prefix-target <number>", about: "set WARM_PREFIX_TARGET" },
      { flags: "--pods <number>", about: "make room for so many pods more" },
      { flags: "--nodes <number>", about: "make room for so many nodes more" },
      {
        flags: "--upgrade-surge",
        about: "make room for the nodes that a Kubernetes upgrade adds for a while",
      },
      {
        flags: "--since <file>",
        about: "an earlier snapshot: tells how fast addresses go, and when the subnets are full",
        many: true,
      },
      {
        flags: "--quota <name=number>",
        about:
          "what the account has: blocksPerVpc, subnetsPerVpc, groupsPerInterface, interfacesPerRegion; default AWS's",
        many: true,
      },
      {
        flags: "--write <folder>",
        about: "write the plan as files for kubectl, AWS CLI, Terraform, CloudFormation and more",
      },
      ...readingOptions,
      outputOption,
    ],
    examples: [
      "berth plan",
      "berth plan --cidr 100.64.0.0/16 --write ./change",
      "berth plan --pool pods --prefix-delegation on --pods 500",
      "berth plan --warm-ip-target 2 --upgrade-surge --snapshot monday.json",
    ],
    load: () => import("./commands/plan.ts"),
  },
  {
    path: "apply",
    summary: "Carry out a plan of berth plan --write, step by step, or take it back",
    about:
      "Each step is begun when the gate of the one before holds. What was done is kept in a file next to the plan, so " +
      "that a run that was stopped goes on where it was, and --undo takes back what this plan made and nothing else. " +
      "Nodes are replaced as berth rotate does it, and the doctor looks before and after. New launch templates stay " +
      "yours: it stops there and says what to do. One apply at a time may work on a cluster. Exits 75 when it waits " +
      "for something.",
    args: [{ spec: "<plan>", about: "plan.json of berth plan --write" }],
    options: [
      { flags: "--dry-run", about: "say what would be done; change nothing" },
      { flags: "--undo", about: "take back what was done, the last step first" },
      { flags: "-y, --yes", about: "do not ask" },
      {
        flags: "--max-pods-ready",
        about: "launch templates or node classes have the plan's max-pods",
      },
      {
        flags: "--until <step>",
        about:
          "stop when this step is done: block, subnets, routes, objects, settings, switch, canary",
      },
      {
        flags: "--local",
        about: "replace nodes from this terminal even where Berth's controller could",
      },
      ...kubeconfigOptions,
    ],
    examples: [
      "berth apply change/plan.json --dry-run",
      "berth apply change/plan.json",
      "berth apply change/plan.json --undo",
    ],
    load: () => import("./commands/apply.ts"),
  },
  rotateCommand,
  {
    path: "user-data",
    summary: "Launch script that sets max-pods and binds the node to its ENIConfig at birth",
    args: [{ spec: "<cluster>", about: "name of the EKS cluster" }],
    options: [
      {
        flags: "--max-pods <number>",
        about: "pods the node may run (see berth max-pods)",
        required: true,
      },
      {
        flags: "--family <family>",
        about: "what the script is for",
        choices: ["al2", "al2023", "bottlerocket", "windows", "karpenter", "launch-template"],
        default: "al2023",
      },
      {
        flags: "--node-group <kind>",
        about: "who else writes to the script: nobody, EKS, or nobody because the AMI is yours",
        choices: ["self-managed", "managed", "managed-custom-ami"],
        default: "self-managed",
      },
      { flags: "--eni-config <name>", about: "bind the node to this ENIConfig when it registers" },
      { flags: "--label <key=value>", about: "further node label", many: true },
      { flags: "--taint <key=value:effect>", about: "taint to register with", many: true },
      { flags: "--endpoint <url>", about: "API server endpoint of the cluster" },
      {
        flags: "--certificate-authority <base64>",
        about: "the cluster's certificate authority data",
      },
      { flags: "--service-cidr <cidr>", about: "the cluster's service CIDR" },
    ],
    examples: [
      "berth user-data my-cluster --family al2 --max-pods 20",
      "berth user-data my-cluster --max-pods 110 --eni-config us-west-2a --node-group managed",
      "berth user-data my-cluster --family bottlerocket --max-pods 20 --label team=data",
    ],
    load: () => import("./commands/user-data.ts"),
  },
  {
    path: "iam",
    summary: "Least-privilege IAM policy for the controller, or for a use of this tool",
    args: [
      {
        spec: "[role]",
        about: "who needs it; default controller",
        choices: ["controller", "read", "apply", "rotate"],
      },
    ],
    options: [
      {
        flags: "--cluster <name>",
        about: "confine the controller to ENIs tagged with this cluster",
      },
      { flags: "--partition <partition>", about: "aws, aws-cn or aws-us-gov", default: "aws" },
    ],
    examples: ["berth iam --cluster my-cluster", "berth iam read"],
    load: () => import("./commands/iam.ts"),
  },
]
