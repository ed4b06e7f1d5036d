import { Readable, Writable } from "node:stream"
import { runCli } from "../run-cli.ts"

/** What a command line printed, and how it ended. */
export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** Runs one command line in this process. `columns` makes its stdout, `answer` its stdin a terminal. */
export async function run(
  argv: readonly string[],
  {
    env = {},
    columns,
    answer,
  }: { env?: Record<string, string | undefined>; columns?: number; answer?: string } = {},
): Promise<Ran> {
  const out = sink(columns)
  const err = sink()
  const stdin = Object.assign(Readable.from([answer ?? ""]), { isTTY: answer !== undefined })
  const exit = await runCli(argv, { stdin, stdout: out.stream, stderr: err.stream, env })
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
