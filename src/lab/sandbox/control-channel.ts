import { Socket } from "node:net"
import { createInterface } from "node:readline"
import type { Duplex } from "node:stream"

/** What the world tells its launcher. `facts` of `ready` are the world's own business: endpoints, kubeconfig. */
export type WorldEvent =
  | { readonly event: "ready"; readonly facts: Readonly<Record<string, string>> }
  | { readonly event: "progress"; readonly text: string }
  /** The world cannot go on; it ends after this. */
  | {
      readonly event: "failed"
      readonly code: string
      readonly message: string
      readonly hint: string
    }

/** What the launcher asks of the world. */
export type LauncherRequest = { readonly request: "stop" }

/** Number of the descriptor that carries the channel: 0 to 2 stay free for ordinary output. */
export const channelDescriptor = 3

/** A longer line is a defect of the sender; reading it must not fill the memory. */
const maxLineLength = 1 << 20

/** The world's end. */
export interface LauncherLink {
  tell(event: WorldEvent): void
  /** Resolves when the launcher asks the world to stop, or is gone. */
  readonly stopRequested: Promise<"asked" | "launcher gone">
}

/** Opens the world's end of the channel; a world that was started by hand has none and is never asked to stop. */
export function linkToLauncher(env: NodeJS.ProcessEnv = process.env): LauncherLink {
  if (env["BERTH_LAB_CHANNEL"] === undefined)
    return { tell: () => {}, stopRequested: new Promise(() => {}) }
  const socket = new Socket({ fd: channelDescriptor, readable: true, writable: true })
  // The channel alone keeps no world alive: one that has nothing left to do ends.
  socket.unref()
  const stopRequested = new Promise<"asked" | "launcher gone">((resolve) => {
    readLines<LauncherRequest>(
      socket,
      (line) => line.request === "stop" && resolve("asked"),
      () => resolve("launcher gone"),
    )
  })
  return { tell: (event) => sendLine(socket, event), stopRequested }
}

export function sendLine(stream: Duplex, message: WorldEvent | LauncherRequest): void {
  if (stream.writable) stream.write(`${JSON.stringify(message)}\n`)
}

/** Calls `onLine` with every message and `onEnd` once, at the end of the stream or at its first error. */
export function readLines<T>(stream: Duplex, onLine: (line: T) => void, onEnd: () => void): void {
  let length = 0
  // readline buffers a line of any length: cut the stream before.
  stream.on("data", (chunk: Buffer) => {
    const newline = chunk.lastIndexOf(10)
    length = newline < 0 ? length + chunk.length : chunk.length - newline
    if (length > maxLineLength) stream.destroy(new Error("control line too long"))
  })
  stream.on("error", onEnd)
  stream.on("close", onEnd)
  createInterface({ input: stream }).on("line", (line) => {
    const message = parse<T>(line)
    if (message !== undefined) onLine(message)
  })
}

/** Both ends are of one version and one machine, so the shape needs no check; a torn last line does. */
function parse<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T
  } catch {
    return undefined
  }
}
