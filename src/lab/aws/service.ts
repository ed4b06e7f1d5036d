import { randomUUID } from "node:crypto"
import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from "node:http"
import { Ec2Fault } from "../../ec2/memory/fault.ts"
import { readBody } from "./body.ts"
import { type Signed, signatureOf } from "./sigv4.ts"

/** A request to an AWS service, its body read. */
export interface AwsRequest {
  readonly id: string
  readonly method: string
  /** As sent, percent-encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Undefined for an unsigned request. */
  readonly signed?: Signed
}

export interface AwsReply {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One AWS service. Refusals are replies too: only a defect rejects. */
export type AwsService = (request: AwsRequest) => Promise<AwsReply>

/** Serves AWS requests over HTTP. */
export function listenFor(service: AwsService): RequestListener {
  return (incoming, response) => {
    const id = randomUUID()
    read(incoming, id)
      .then(service)
      .catch((error: unknown) => ({
        status: error instanceof Ec2Fault ? error.status : 500,
        type: "text/plain",
        body: String(error),
        headers: {},
      }))
      .then(({ status, type, body, headers }) => {
        response.writeHead(status, { "content-type": type, "x-amzn-requestid": id, ...headers })
        response.end(body)
      })
      .catch(() => response.destroy())
  }
}

async function read(incoming: IncomingMessage, id: string): Promise<AwsRequest> {
  const [path = "/", search = ""] = (incoming.url ?? "/").split("?", 2)
  const query = new URLSearchParams(search)
  const signed = signatureOf(incoming.headers, query)
  const body = await readBody(incoming)
  const { method = "GET", headers } = incoming
  return { id, method, path, query, headers, body, ...(signed && { signed }) }
}
