import type { Command, Option } from "./command.ts"
import { debugBundleCommand } from "./debug/debug-command.ts"
import { placementCommands } from "./placement-commands.ts"
import { outputOption, readingOptions } from "./reading-options.ts"
import { rotateCommand } from "./rotate/rotate-command.ts"

const labOptions: readonly Option[] = [
  {
    flags: "--name <name>",
    about: "name of the lab; several can run side by side",
    default: "default",
  },
  { flags: "--port <port>", about: "port of the Kubernetes API on 127.0.0.1", default: "18443" },
  { flags: "--ec2-port <port>", about: "port of the EC2 endpoint on 127.0.0.1", default: "18080" },
  {
    flags: "--control-plane <folder>",
    about: "run the real kube-apiserver, scheduler, controller-manager and etcd of this folder",
  },
  { flags: "--hollow", about: "wire nothing: addresses are decided, no namespaces are made" },
]

/** Every command of `berth`, in the order of its help. */
export const commands: readonly Command[] = [
  {
    path: "lab demo",
    summary:
      "The whole procedure on this machine: from exhausted node subnets to Pods in the subnets you chose",
    about:
      "Boots the lab in the state of a real incident (Pods stuck for lack of addresses while a secondary CIDR is idle), " +
      "carries out the documented custom networking procedure with kubectl, and shows where every Pod ended up.",
    options: [
      ...labOptions,
      {
        flags: "--once",
        about: "stop after the procedure; exit 0 only if every Pod is where it should be",
      },
    ],
    examples: ["berth lab demo", "berth lab demo --once"],
    load: () => import("./commands/lab-demo.ts"),
  },
  {
    path: "lab up",
    summary: "Start the lab and keep it running until Ctrl-C",
    options: [
      ...labOptions,
      {
        flags: "--scenario <name>",
        about: "state to start in",
        choices: ["empty", "exhausted", "healthy", "placement", "plain", "stock"],
        default: "exhausted",
      },
    ],
    examples: ["berth lab up", "berth lab up --control-plane ./bin --name real"],
    load: () => import("./commands/lab-up.ts"),
  },
  ...placementCommands,
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
    path: "max-pods",
    summary: "How many pods a node can have: instance types, or every node of the cluster",
    about:
      "With --instance-type it prints one number, as max-pods-calculator.sh does, whose flags it takes. With types as " +
      "arguments (m5.large, m5, 'c6*.large') it prints a table of them. With neither it compares what every node of " +
      "the cluster advertises with what its ENIs can give, and exits 1 when a node promises too many.",
    args: [{ spec: "[type...]", about: "instance types, families, or patterns with *" }],
    options: [
      { flags: "--instance-type <type>", about: "print the number of this type alone" },
      { flags: "--instance-type-from-imds", about: "the same for the instance this runs on" },
      {
        flags: "--cni-version <version>",
        about: "version of the plugin; prefixes need 1.9; default the newest",
      },
      { flags: "--cni-custom-networking-enabled", about: "the primary ENI gives no pod address" },
      { flags: "--cni-prefix-delegation-enabled", about: "ENIs carry /28 prefixes" },
      { flags: "--cni-max-eni <number>", about: "MAX_ENI of the plugin" },
      { flags: "--show-max-allowed", about: "the formula's number, not capped at 110 or 250" },
      { flags: "--security-groups-for-pods", about: "a trunk takes an ENI" },
      { flags: "--unmanaged-enis <number>", about: "ENIs that the plugin leaves alone" },
      ...readingOptions,
      outputOption,
    ],
    examples: [
      "berth max-pods --instance-type m5.large --cni-version 1.9.0-eksbuild.1 --cni-custom-networking-enabled",
      "berth max-pods m5.large c6g",
      "berth max-pods",
      "berth max-pods --cni-prefix-delegation-enabled --snapshot monday.json",
    ],
    load: () => import("./commands/max-pods.ts"),
  },
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
      ...readingOptions.filter((o) => /--(context|kubeconfig)/.test(o.flags)),
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
  {
    path: "completion",
    summary: "Completion script for a shell",
    args: [{ spec: "<shell>", about: "the shell", choices: ["bash", "zsh", "fish"] }],
    options: [{ flags: "--program <name>", about: "name the script completes", default: "berth" }],
    examples: ["source <(berth completion bash)", "berth completion fish | source"],
    load: () => import("./commands/completion.ts"),
  },
  {
    path: "man",
    summary: "The manual page berth(1)",
    options: [],
    examples: ["berth man | man -l -"],
    load: () => import("./commands/man.ts"),
  },
  {
    path: "snapshot",
    summary:
      "Record what the reading commands need, without secrets, for use offline (--snapshot FILE)",
    options: [
      ...readingOptions.filter((o) => !o.flags.startsWith("--snapshot")),
      { flags: "-o, --output <file>", about: "file to write", required: true },
    ],
    examples: ["berth snapshot -o monday.json", "berth doctor --snapshot monday.json"],
    load: () => import("./commands/snapshot.ts"),
  },
  {
    path: "explain",
    summary:
      "Why this subnet and these security groups: the deciding object and key, what was refused and why",
    args: [
      {
        spec: "<kind>",
        about: "pod, node, eniconfig or subnet; also KIND/NAME, as kubectl prints it",
        offers: ["pod", "node", "eniconfig", "subnet"],
      },
      { spec: "[name]", about: "its name; a pod's may be NAMESPACE/NAME" },
    ],
    options: [
      ...readingOptions,
      {
        flags: "-n, --namespace <namespace>",
        about: "namespace of the pod; default the kubeconfig context's",
      },
      {
        flags: "--to <address>",
        about:
          "for a pod: source address, SNAT, interface, security groups and route to this destination",
      },
      outputOption,
    ],
    examples: [
      "berth explain pod web-7f9c -n shop",
      "berth explain pod shop/web-7f9c --to 8.8.8.8",
      "berth explain node ip-10-0-0-7.us-west-2.compute.internal",
      "berth explain eniconfig/us-west-2a",
      "berth explain subnet subnet-0a64000000000a001 --snapshot monday.json",
    ],
    load: () => import("./commands/explain.ts"),
  },
  {
    path: "doctor",
    summary: "What is wrong, what proves it, and the command that mends it",
    about:
      "Puts every check to the cluster, names the cause where pods get no address, and reads aws-node logs or support " +
      "bundles. Exit 1 when something as bad as --fail-on is found.",
    options: [
      ...readingOptions,
      {
        flags: "--logs <file>",
        about:
          "an aws-node log, or a bundle of logs; alone it is all that is read, with --snapshot or --context it adds to the cluster",
        many: true,
      },
      {
        flags: "--only <checks>",
        about: "checks by id (S05) or letter (S), comma-separated",
        many: true,
      },
      {
        flags: "--fail-on <severity>",
        about: "exit 1 from this severity on",
        choices: ["blocking", "wrong-network", "risk", "note", "never"],
        default: "wrong-network",
      },
      { flags: "--all", about: "every finding, all evidence, and why checks were not made" },
      {
        flags: "-o, --output <format>",
        about: "output format",
        choices: ["table", "json", "yaml", "sarif", "junit"],
        default: "table",
      },
    ],
    examples: [
      "berth doctor",
      "berth doctor --snapshot monday.json --only S,N",
      "berth doctor --logs eks_i-0123456789abcdef0.tar.gz",
      "berth doctor -o sarif --fail-on blocking",
    ],
    load: () => import("./commands/doctor.ts"),
  },
  debugBundleCommand,
  {
    path: "status",
    summary: "Addresses, prefixes and fill of every zone, subnet and node; trouble first",
    options: [
      ...readingOptions,
      outputOption,
      { flags: "-w, --watch", about: "read again every five seconds until Ctrl-C" },
      { flags: "--all", about: "every row, not just the first" },
    ],
    examples: [
      "berth status",
      "berth status --watch",
      "berth status --snapshot monday.json -o json",
    ],
    load: () => import("./commands/status.ts"),
  },
]
