import { changingCommands } from "./changing-commands.ts"
import type { Command } from "./command.ts"
import { labCommands } from "./lab-commands.ts"
import { placementCommands } from "./placement-commands.ts"
import { readingCommands } from "./reading-commands.ts"

const shellCommands: readonly Command[] = [
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
]

/** Every command of `berth`, under the headings of its help: what is asked first at 3 a.m. comes first. */
export const commandGroups: readonly {
  readonly heading: string
  readonly commands: readonly Command[]
}[] = [
  { heading: "Look at a cluster, live or recorded (changes nothing):", commands: readingCommands },
  { heading: "Change it:", commands: changingCommands },
  { heading: "Objects in files:", commands: placementCommands },
  { heading: "Try it on this machine:", commands: labCommands },
  { heading: "Your shell:", commands: shellCommands },
]

export const commands: readonly Command[] = commandGroups.flatMap((group) => group.commands)
