import { createServer, type IncomingMessage, type Server } from "node:http"
import { listenUnix } from "./listen-unix.ts"

export interface HttpReply {
  status: number
  body: string
  type?: string
}

/** Undefined: no such path. */
export type HttpHandler = (
  method: string,
  path: string,
  body: string,
) => Promise<HttpReply | undefined> | HttpReply | undefined

const bodyLimit = 64 * 1024
const timeoutMs = 5_000

/** Listens at `unix:PATH` or `[ADDRESS]:PORT`. */
export async function httpEndpoint(
  address: string,
  handler: HttpHandler,
): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://agent").pathname
    const answer = async (): Promise<HttpReply> => {
      const body = await readBody(request)
      const reply = await handler(request.method ?? "GET", path, body)
      return reply ?? { status: 404, body: `no such path: ${path}\n` }
    }
    answer()
      .catch((error: Error): HttpReply => ({ status: 500, body: `${error.message}\n` }))
      .then(({ status, body, type = "text/plain; charset=utf-8" }) => {
        response.writeHead(status, { "content-type": type }).end(body)
      })
      .catch(() => response.destroy())
  })
  server.requestTimeout = timeoutMs
  server.headersTimeout = timeoutMs
  server.maxConnections = 64
  await listen(server, address)
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function listen(server: Server, address: string): Promise<void> {
  if (address.startsWith("unix:")) return listenUnix(server, address.slice("unix:".length))
  const colon = address.lastIndexOf(":")
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "")
  const port = Number(address.slice(colon + 1))
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen({ port, ...(host && { host }) }, resolve)
  })
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = ""
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk)
    if (text.length > bodyLimit) throw new Error("the body is longer than 64 KiB")
  }
  return text
}
