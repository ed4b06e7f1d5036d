import { pipeline } from "node:stream"
import type { NetNamespace } from "../../../kernel/kernel.ts"
import { runInNamespace } from "../../sandbox/run-in-namespace.ts"
import { judge } from "./commands.ts"
import type { RemoteStreams } from "./remote-streams.ts"
import { withCarriageReturns, withControlKeys } from "./terminal.ts"

const success = { metadata: {}, status: "Success" }

/** As kubelet reports a command that ran and failed (k8s.io/apiserver util exec). */
const exited = (code: number) => ({
  metadata: {},
  status: "Failure",
  message: `command terminated with non-zero exit code: exit status ${code}`,
  reason: "NonZeroExitCode",
  details: { causes: [{ reason: "ExitCode", message: String(code) }] },
})

const cannotRun = 126

/** Runs a command inside `namespace` with the client's streams, until it ends or the client goes away. */
export async function runRemote(
  words: readonly string[],
  namespace: NetNamespace | undefined,
  streams: RemoteStreams,
): Promise<void> {
  const verdict = judge(words)
  const stdout =
    streams.tty && streams.stdout ? withCarriageReturns(streams.stdout) : streams.stdout
  const stderr = streams.stderr ?? stdout
  const complaint =
    "refused" in verdict
      ? verdict.refused
      : namespace
        ? undefined
        : "nothing is wired in this lab (hollow): there is no network to run it in"
  if ("refused" in verdict || complaint !== undefined) {
    stderr?.write(`${complaint}\n`)
    return await streams.finish(exited(cannotRun))
  }
  const child = runInNamespace(namespace, verdict.command, {
    cwd: "/",
    env: { PATH: process.env["PATH"], TERM: "dumb", HOME: "/nonexistent" },
    stdio: [streams.stdin ? "pipe" : "ignore", "pipe", "pipe"],
  })
  const interrupt = () => void child.kill("SIGINT")
  const stdin =
    streams.tty && streams.stdin ? withControlKeys(streams.stdin, interrupt) : streams.stdin
  if (stdin && child.stdin) pipeline(stdin, child.stdin, () => {})
  child.stdout?.on("data", (chunk: Buffer) => stdout?.write(chunk))
  child.stderr?.on("data", (chunk: Buffer) => stderr?.write(chunk))
  void streams.closed.then(() => child.kill("SIGKILL"))
  const code = await new Promise<number>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const text = error.code === "ENOENT" ? "not installed on this machine" : error.message
      stderr?.write(`${verdict.command[0]}: ${text}\n`)
      resolve(127)
    })
    child.once("close", (status, signal) => resolve(status ?? (signal ? 137 : 1)))
  })
  await streams.finish(code === 0 ? success : exited(code))
}

/** Ends a session that showed output and has no exit code, such as attach. */
export const finishAttach = (streams: RemoteStreams): Promise<void> => streams.finish(success)
