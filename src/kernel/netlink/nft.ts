import { type ChildProcess, spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { fail } from "../../errors/catalogue.ts"

const timeoutMs = 20_000
/** nft says this, in the C locale, of a table that does not exist. */
const noSuchTable = /No such file or directory/

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts nft in the namespace this thread is in; the child inherits it, so only the start must be synchronous. */
const startNft = (args: readonly string[]): ChildProcess =>
  spawn("nft", args, {
    env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: timeoutMs,
  })

async function outcomeOf(child: ChildProcess, input: string): Promise<Outcome> {
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw fail("kernel/nft", { why: "nft could not be started" })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", resolve)
  })
  // A child that is gone early closes the pipe; its exit code says why.
  stdin.on("error", () => {})
  stdin.end(input)
  try {
    const [code, out, err] = await Promise.all([ended, text(stdout), text(stderr)])
    return { code, stdout: out, stderr: err }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT"
    throw fail("kernel/nft", { why: missing ? "nft is not installed" : String(error) }, error)
  }
}

type Enter = <T>(work: () => T) => T

/** Carries out `script` as one transaction. */
export async function runNft(enter: Enter, script: string): Promise<void> {
  const outcome = await outcomeOf(
    enter(() => startNft(["-f", "-"])),
    script,
  )
  if (outcome.code !== 0) throw fail("kernel/nft", { why: failureOf(outcome) })
}

/** The table as nft's JSON, or undefined. */
export async function readNftTable(enter: Enter, family: string, table: string): Promise<unknown> {
  const outcome = await outcomeOf(
    enter(() => startNft(["-j", "list", "table", family, table])),
    "",
  )
  if (outcome.code === 0) return JSON.parse(outcome.stdout)
  if (noSuchTable.test(outcome.stderr)) return undefined
  throw fail("kernel/nft", { why: failureOf(outcome) })
}

const failureOf = (outcome: Outcome): string =>
  outcome.stderr.trim() || `nft ended with ${outcome.code ?? "a signal"}`
