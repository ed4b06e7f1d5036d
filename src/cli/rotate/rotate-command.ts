import type { Command } from "../command.ts"
import { outputOption, readingOptions } from "../reading-options.ts"

export const rotateCommand: Command = {
  path: "rotate",
  summary: "Replace the nodes that need it: canary first, one more before one less, drained",
  about:
    "Shows which nodes have to be replaced and why, asks, and replaces them: of Auto Scaling and managed node groups a " +
    "new one starts first, Karpenter is asked to replace its own, plain nodes are drained and ended. Evictions honour " +
    "PodDisruptionBudgets. The first node goes alone, and the others only when its successor is as the cluster is " +
    "configured. With Berth in the cluster its controller carries the rotation out, so the terminal may be closed. " +
    "Exit 1 when it is blocked, 75 when it was left or paused.",
  options: [
    {
      flags: "--nodes <names>",
      about: "these nodes, comma-separated, instead of those that need it",
      many: true,
    },
    { flags: "-l, --selector <labels>", about: "the nodes with these labels" },
    {
      flags: "--max-surge <number>",
      about:
        "nodes in the works at once after the canary; 0: each goes before its successor starts; default 1, " +
        "or 0 where the subnets have no address for a node more, or a zone has one node alone",
    },
    {
      flags: "--drain-timeout <minutes>",
      about: "how long a drain may take before the rotation is blocked",
      default: "15",
    },
    { flags: "--force", about: "evict pods without a controller too: nobody starts them again" },
    { flags: "--reason <text>", about: "recorded for those who find nodes going away" },
    { flags: "--dry-run", about: "show the plan alone" },
    { flags: "-y, --yes", about: "do not ask" },
    {
      flags: "--local",
      about: "carry it out in this terminal even where Berth's controller could",
    },
    { flags: "--detach", about: "start it in the cluster and do not wait" },
    { flags: "--watch", about: "show the one that is under way" },
    { flags: "--pause", about: "start nothing more and evict nothing more" },
    { flags: "--resume", about: "go on" },
    { flags: "--undo", about: "uncordon what is not ended yet, and give spare nodes back" },
    ...readingOptions,
    outputOption,
  ],
  examples: [
    "berth rotate --dry-run",
    "berth rotate --max-surge 3",
    "berth rotate --nodes ip-10-0-0-7 --yes",
    "berth rotate --pause",
    "berth rotate --undo",
  ],
  load: () => import("../commands/rotate.ts"),
}
