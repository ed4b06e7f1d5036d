import { request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import type { Step } from "./differential-step.ts"

export interface Endpoint {
  readonly origin: string
  readonly token?: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly warning: string | undefined
}

/** Sends one request; the body of the answer is parsed when it is JSON, and split when it is a stream of it. */
export function send({ origin, token }: Endpoint, step: Step): Promise<Answer> {
  const url = new URL(step.path, origin)
  const text = typeof step.body === "string" ? step.body : JSON.stringify(step.body)
  const headers = {
    "content-type": step.type ?? "application/json",
    accept: step.accept ?? "application/json",
    "user-agent": "differential",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(text === undefined ? {} : { "content-length": Buffer.byteLength(text) }),
  }
  const options = { method: step.method, headers, rejectUnauthorized: false }
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options)
    request.on("error", reject)
    request.on("response", (response) => {
      const chunks: Buffer[] = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", reject)
      response.on("end", () => {
        const { warning } = response.headers
        const body = parse(Buffer.concat(chunks).toString())
        resolve({ status: response.statusCode ?? 0, body, warning: warning?.toString() })
      })
    })
    request.end(text)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A watch is a stream of JSON lines.
    const lines = text.trimEnd().split("\n")
    if (lines.length < 2 || !lines[0]?.startsWith("{")) return text
    return lines.map((line): unknown => JSON.parse(line))
  }
}
