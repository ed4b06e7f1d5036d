import type { Command } from "../command.ts"
import { liveOptions } from "../reading-options.ts"

export const debugBundleCommand: Command = {
  path: "debug bundle",
  summary: "One archive with what somebody else needs to find the fault, without secrets",
  about:
    "Collects a snapshot, the doctor's findings, the objects that decide placements, events, and the logs and inner " +
    "state of the controller and of the agents on the nodes in trouble. berth doctor --logs reads it.",
  options: [
    {
      flags: "-o, --output <file>",
      about: "file to write; default berth-bundle-CLUSTER-TIME.tar.gz",
    },
    { flags: "--nodes <names>", about: "logs of these nodes, comma-separated", many: true },
    {
      flags: "--most-nodes <number>",
      about: "logs of so many nodes at most, those in trouble first",
      default: "20",
    },
    { flags: "--no-exec", about: "do not ask the agents themselves, which takes kubectl exec" },
    ...liveOptions,
  ],
  examples: ["berth debug bundle", "berth debug bundle --nodes ip-10-0-0-7 -o tonight.tar.gz"],
  load: () => import("../commands/debug-bundle.ts"),
}
