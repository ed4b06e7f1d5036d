import { createServer, type Socket } from "node:net"
import { fail, isError } from "../errors/catalogue.ts"
import { listenUnix } from "../http/listen-unix.ts"
import type { Logger } from "../log.ts"
import { type CniCall, parseCall } from "./cni-call.ts"
import { errorResult } from "./cni-reply.ts"

/** Answers a call with what goes to the plugin's stdout; rejects with what becomes a CNI error. */
export type Answer = (call: CniCall) => Promise<string>

export interface CniServerOptions {
  path: string
  answer: Answer
  log: Logger
  /** Calls served at the same time; more are told to try again. Far above the pods of a node. */
  maxCalls?: number
}

const requestLimit = (1 << 20) + (1 << 16)
/** The relay sends at once; a connection that says nothing for so long is not a relay. */
const requestTimeoutMs = 10_000

/** Listens for the CNI relay on a unix socket that only root may use. Resolves once calls are accepted. */
export async function cniServer(o: CniServerOptions): Promise<AsyncDisposable> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on("close", () => open.delete(socket))
    void serve(socket, o, open.size > (o.maxCalls ?? 1024))
  })
  await listenUnix(server, o.path)
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2_000).unref())])
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

async function serve(socket: Socket, o: CniServerOptions, busy: boolean) {
  // The runtime killed the plugin, or it gave up: the call goes on, and its answer has no reader.
  socket.on("error", (error) =>
    o.log.debug("connection of a CNI call broke", { error: error.message }),
  )
  let call: CniCall | undefined
  try {
    // Read on, so that closing does not reset the connection under the reply (unix(7)).
    socket.resume()
    if (busy) throw fail("agent/busy", {})
    call = parseCall(await readAll(socket))
    // The request is read to its end, so nothing is lost by closing at once instead of shutting first one side.
    socket.write(`0\n${await o.answer(call)}`, () => socket.destroy())
  } catch (error) {
    // Without an answer the relay calls again, and reaches the successor: a restart fails no pod.
    if (isError(error, "agent/stopping")) socket.destroy()
    if (!socket.destroyed) socket.end(`1\n${errorResult(call?.version ?? "1.0.0", error)}\n`)
  }
}

function readAll(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const refuse = (why: string) => reject(fail("cni/bad-config", { why }))
    socket.setTimeout(requestTimeoutMs, () => refuse("the request did not end in time"))
    socket.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size > requestLimit) refuse("the request is longer than 1 MiB")
      else chunks.push(chunk)
    })
    socket.on("end", () => {
      socket.setTimeout(0)
      resolve(Buffer.concat(chunks))
    })
    socket.on("close", () => reject(new Error("the connection closed before the request ended")))
  })
}
