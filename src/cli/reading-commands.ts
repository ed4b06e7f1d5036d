import type { Command } from "./command.ts"
import { debugBundleCommand } from "./debug/debug-command.ts"
import { liveOptions, outputOption, readingOptions, selectorOption } from "./reading-options.ts"

/** Look at a cluster, or at a recorded one; change nothing. */
export const readingCommands: readonly Command[] = [
  {
    path: "status",
    summary: "Addresses, prefixes and fill of every zone, pool, subnet and node; trouble first",
    options: [
      ...readingOptions,
      selectorOption,
      outputOption,
      { flags: "-w, --watch", about: "read again every five seconds until Ctrl-C" },
      { flags: "--all", about: "every row, not just the first" },
    ],
    examples: [
      "berth status",
      "berth status --watch",
      "berth status -l topology.kubernetes.io/zone=us-west-2a",
      "berth status --snapshot monday.json -o json",
    ],
    load: () => import("./commands/status.ts"),
  },
  {
    path: "doctor",
    summary: "What is wrong, what proves it, and the command that mends it",
    about:
      "Puts every check to the cluster, names the cause where pods get no address, and reads aws-node logs or support " +
      "bundles. Exit 1 when something as bad as --fail-on is found.",
    options: [
      ...readingOptions,
      selectorOption,
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
      selectorOption,
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
    path: "snapshot",
    summary:
      "Record what the reading commands need, without secrets, for use offline (--snapshot FILE)",
    options: [
      ...liveOptions,
      { flags: "-o, --output <file>", about: "file to write", required: true },
    ],
    examples: ["berth snapshot -o monday.json", "berth doctor --snapshot monday.json"],
    load: () => import("./commands/snapshot.ts"),
  },
  debugBundleCommand,
]
