import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { NetNamespace } from "../../../kernel/kernel.ts"

const program = fileURLToPath(new URL("./host-process.ts", import.meta.url))

interface Reply {
  readonly id: number
  readonly saw?: string
  readonly keptPort?: boolean
  readonly error?: string
}

type Seen = { readonly saw: string; readonly keptPort: boolean | undefined }

interface Options {
  readonly port?: number
  readonly timeoutMs?: number
}

/** A process in a namespace that answers others on port 8080 and asks them. */
export class Host implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #questions = 0

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  /** Resolves when it answers. */
  static async start(namespace: NetNamespace): Promise<Host> {
    const child = namespace.enter(() =>
      spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    )
    const host = new Host(child)
    const ready = new Promise<Reply>((resolve) => host.#waiting.set(0, resolve))
    createInterface(child.stdout).on("line", (line) => {
      const reply: Reply = JSON.parse(line)
      host.#waiting.get(reply.id)?.(reply)
      host.#waiting.delete(reply.id)
    })
    await ready
    return host
  }

  /** The source address that the other side sees; rejects when there is no answer. */
  sees(to: string, options: Options & { readonly protocol?: "tcp" | "udp" } = {}): Promise<string> {
    return this.#ask(options.protocol ?? "tcp", to, options)
  }

  /** Like `sees`, by a TCP connection that stays open for `seesAgain`. */
  holds(to: string, options: Options = {}): Promise<string> {
    return this.#ask("hold", to, options)
  }

  /** Whether the other side sees the source port that this one has sent from. */
  async keepsPort(to: string): Promise<boolean> {
    return (await this.#question("tcp", to, {})).keptPort === true
  }

  seesAgain(): Promise<string> {
    return this.#ask("again", "", {})
  }

  async #ask(by: string, to: string, options: Options): Promise<string> {
    return (await this.#question(by, to, options)).saw
  }

  async #question(by: string, to: string, options: Options): Promise<Seen> {
    const { port = 8080, timeoutMs = 5_000 } = options
    this.#questions += 1
    const id = this.#questions
    const reply = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve))
    this.#process.stdin?.write(`${JSON.stringify({ id, by, to, port, timeoutMs })}\n`)
    const { saw, keptPort, error } = await reply
    if (saw === undefined) throw new Error(`${by} to ${to}:${port}: ${error}`)
    return { saw, keptPort }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, "exit")
    this.#process.stdin?.end()
    await ended
  }
}
