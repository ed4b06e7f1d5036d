import { timingSafeEqual } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { HttpService } from "./serve-http.ts"

const unauthorized = JSON.stringify({
  apiVersion: "v1",
  kind: "Status",
  metadata: {},
  status: "Failure",
  message: "Unauthorized",
  reason: "Unauthorized",
  code: 401,
})

/**
 * Lets pass only who has the kubeconfig. The API runs programs with the rights of whoever started the lab, and every
 * user of the machine can reach its port.
 */
export function requireToken(token: string, next: HttpService): HttpService {
  const wanted = Buffer.from(`Bearer ${token}`)
  const knows = ({ headers, url = "/" }: IncomingMessage) => {
    const given = Buffer.from(headers.authorization ?? "")
    return (
      /^\/(healthz|livez|readyz|version)$/.test(url) ||
      (given.length === wanted.length && timingSafeEqual(given, wanted))
    )
  }
  return {
    handler(request, response) {
      if (knows(request)) return void next.handler(request, response)
      response.writeHead(401, { "content-type": "application/json" }).end(unauthorized)
    },
    upgrade(request, socket, head) {
      if (knows(request)) return next.upgrade?.(request, socket, head)
      socket.end(`HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
    },
  }
}
