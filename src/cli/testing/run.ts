import { Writable } from "node:stream"
import { runCli } from "../run-cli.ts"

/** What a command line printed, and how it ended. */
export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** Runs one command line in this process. `columns` makes its stdout a terminal of that width. */
export async function run(
  argv: readonly string[],
  { env = {}, columns }: { env?: Record<string, string | undefined>; columns?: number } = {},
): Promise<Ran> {
  const out = sink(columns)
  const err = sink()
  const exit = await runCli(argv, { stdout: out.stream, stderr: err.stream, env })
  return { exit, out: out.text(), err: err.text() }
}

function sink(columns?: number) {
  const chunks: string[] = []
  const stream: Writable & { isTTY?: boolean; columns?: number } = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns })
  return { stream, text: () => chunks.join("") }
}
