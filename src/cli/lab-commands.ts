import type { Command, Option } from "./command.ts"

/** The names of src/lab/scenarios/outages.ts, which is not loaded for a command line to be read. */
const outages = [
  "eniconfig-missing",
  "annotation",
  "label-key",
  "zone-mismatch",
  "vpc-mismatch",
  "subnet-gone",
  "security-group",
  "agent-environment",
  "agent-nowhere",
  "controller-down",
  "iam",
  "throttling",
  "over-packed",
  "subnet-full",
  "leaked-interfaces",
  "pool-full",
  "fragmentation",
  "cool-down",
  "old-pods",
]

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

/** The whole system on this machine. */
export const labCommands: readonly Command[] = [
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
        about: "state to start in, or outage to begin with (docs/outages.md)",
        choices: [
          ...["empty", "exhausted", "healthy", "placement", "plain", "addon", "stock"],
          ...outages,
        ],
        default: "exhausted",
      },
    ],
    examples: [
      "berth lab up",
      "berth lab up --control-plane ./bin --name real",
      "berth lab up --scenario iam",
    ],
    load: () => import("./commands/lab-up.ts"),
  },
]
