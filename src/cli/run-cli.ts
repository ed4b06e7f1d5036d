import {
  Command as Commander,
  Argument as CommanderArgument,
  CommanderError,
  Option as CommanderOption,
} from "commander"
import { BerthError } from "../errors/berth-error.ts"
import type { Call, Command } from "./command.ts"
import { commandGroups } from "./commands.ts"
import { reportError } from "./report-error.ts"

/** sysexits(3) EX_USAGE. */
const usageError = 64

/** Where a command writes and what it sees of its surroundings: the process's own, or a test's. */
export type CliIo = Pick<Call, "stdin" | "stdout" | "stderr" | "env">

/** Runs one command line and returns its exit code; never throws. */
export async function runCli(argv: readonly string[], io: CliIo = process): Promise<number> {
  let exit = 0
  const root = new Commander("berth")
    .description(
      "Decide which VPC subnets, IP ranges and security groups the Pods of an Amazon EKS cluster use.",
    )
    .option("-V, --version", "print the version")
    .showSuggestionAfterError(true)
    .showHelpAfterError("(run with --help for the options)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
  root
    .commandsGroup("Your shell:")
    .addHelpText("after", firstAid)
    .configureHelp({ subcommandTerm: termOf })
  for (const { heading, commands } of commandGroups) {
    for (const command of commands) {
      add({ root, heading }, command, io, async (call) => {
        const { run } = await command.load()
        exit = await run(call)
      })
    }
  }
  try {
    if (argv.length === 0) {
      root.outputHelp()
      return 0
    }
    await root.parseAsync([...argv], { from: "user" })
    return exit
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError
    if (error instanceof Interrupted) {
      io.stderr.write("stopped\n")
      return interrupted
    }
    reportError(error, io.stderr, io.env)
    return error instanceof BerthError ? error.exit : 1
  }
}

/** What whoever does not know where to begin wants to know. */
const firstAid = `
Pods get no address?   berth status; berth doctor; berth explain pod NAME
Not connected?         berth doctor --snapshot FILE, or --logs FILE
One command's options: berth COMMAND --help`

/** A command with its arguments: that it has options goes without saying. */
const termOf = (command: Commander): string =>
  [command.name(), ...command.registeredArguments.map(shown)].join(" ")

const shown = (a: CommanderArgument): string => {
  const name = a.name() + (a.variadic ? "..." : "")
  return a.required ? `<${name}>` : `[${name}]`
}

function add(
  { root, heading }: { root: Commander; heading: string },
  command: Command,
  io: CliIo,
  run: (call: Call) => Promise<void>,
): void {
  const words = command.path.split(" ")
  const name = words.pop() ?? ""
  const parent = words.reduce(
    (at, word) => at.commands.find((c) => c.name() === word) ?? group(at, word).helpGroup(heading),
    root,
  )
  const made = parent
    .command(name)
    .helpGroup(heading)
    .summary(command.summary)
    .description(command.about ?? command.summary)
  for (const a of command.args ?? []) {
    const argument = new CommanderArgument(a.spec, a.about)
    made.addArgument(a.choices ? argument.choices([...a.choices]) : argument)
  }
  for (const o of command.options) {
    const option = new CommanderOption(o.flags, o.about)
    if (o.choices) option.choices([...o.choices])
    if (o.default !== undefined) option.default(o.default)
    if (o.required) option.makeOptionMandatory()
    if (o.many)
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    made.addOption(option)
  }
  made.addHelpText("after", `\nExamples:\n${command.examples.map((e) => `  $ ${e}`).join("\n")}`)
  made.exitOverride()
  made.action(() => withInterrupt((signal) => run(callOf(made, io, signal))))
}

const groupSummaries: Readonly<Record<string, string>> = {
  lab: "The whole system on this machine: no cloud, no cluster",
  debug: "For when something is wrong and the doctor does not know",
}

function group(parent: Commander, name: string): Commander {
  const summary = groupSummaries[name] ?? ""
  return parent.command(name).summary(summary).description(summary).exitOverride()
}

function callOf(made: Commander, io: CliIo, signal: AbortSignal): Call {
  const args = made.processedArgs.flat().filter((a): a is string => typeof a === "string")
  return {
    args,
    options: made.opts(),
    stdin: io.stdin,
    stdout: io.stdout,
    stderr: io.stderr,
    env: io.env,
    signal,
  }
}

/** What ended the work is that it was asked to end: no error to report. */
class Interrupted extends Error {}

/** By convention 128 + SIGINT. */
const interrupted = 130
const interruptions = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** The first Ctrl-C, SIGTERM or end of the terminal asks the command to stop; a second one ends the process at once. */
async function withInterrupt(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController()
  const stop = () => {
    if (abort.signal.aborted) process.exit(interrupted)
    abort.abort()
  }
  for (const name of interruptions) process.on(name, stop)
  try {
    await work(abort.signal)
  } catch (error) {
    if (!abort.signal.aborted || error instanceof BerthError) throw error
    throw new Interrupted("interrupted", { cause: error })
  } finally {
    for (const name of interruptions) process.off(name, stop)
  }
}
