import { request as httpsRequest } from "node:https"
import type { Duplex } from "node:stream"
import { connect as connectTls } from "node:tls"
import { isObject, type JsonObject, numberAt, objectAt, stringAt } from "../json.ts"

export interface WebhookService {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

/** Opens a connection to a service of the cluster. */
export type ConnectService = (service: WebhookService) => Promise<Duplex>

/** More than any AdmissionReview response has to say. */
const replyMax = 1024 * 1024

/** Posts a body to the server behind a webhook's clientConfig and returns the JSON it answers. */
export async function callWebhook(
  webhook: JsonObject,
  body: unknown,
  connectService: ConnectService | undefined,
): Promise<JsonObject> {
  const config = objectAt(webhook, "clientConfig")
  const url = urlOf(config)
  try {
    const socket = isObject(config.service)
      ? await toService(config.service, connectService)
      : undefined
    return await post(url, {
      body: JSON.stringify(body),
      ca: Buffer.from(stringAt(config, "caBundle"), "base64").toString(),
      socket,
      timeoutMs: (numberAt(webhook, "timeoutSeconds") || 10) * 1000,
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`failed to call webhook: Post ${JSON.stringify(url.href)}: ${why}`)
  }
}

/** Of a service, the URL that the API server shows and verifies the certificate by. */
function urlOf(config: JsonObject): URL {
  if (!isObject(config.service)) return new URL(stringAt(config, "url"))
  const { name, namespace, path, port = 443 } = config.service
  return new URL(
    String(path ?? "/"),
    `https://${String(name)}.${String(namespace)}.svc:${String(port)}`,
  )
}

async function toService(
  service: JsonObject,
  connect: ConnectService | undefined,
): Promise<Duplex> {
  const [namespace, name] = [stringAt(service, "namespace"), stringAt(service, "name")]
  if (connect === undefined)
    throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
  return await connect({ namespace, name, port: numberAt(service, "port") || 443 })
}

interface Post {
  readonly body: string
  readonly ca: string
  readonly socket: Duplex | undefined
  readonly timeoutMs: number
}

function post(url: URL, { body, ca, socket, timeoutMs }: Post): Promise<JsonObject> {
  const trust = ca === "" ? {} : { ca }
  const servername = url.hostname
  const { promise, resolve, reject } = Promise.withResolvers<JsonObject>()
  const request = httpsRequest(url, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    signal: AbortSignal.timeout(timeoutMs),
    ...trust,
    ...(socket
      ? { createConnection: () => connectTls({ socket, servername, ...trust }) }
      : { agent: false }),
  })
  request.on("error", (error) =>
    reject(error.name === "AbortError" ? new Error("context deadline exceeded") : error),
  )
  request.on("response", (response) => {
    const chunks: Buffer[] = []
    let size = 0
    response.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size > replyMax) request.destroy(new Error("the reply is too long"))
      else chunks.push(chunk)
    })
    response.on("error", reject)
    response.on("end", () => {
      const status = response.statusCode ?? 0
      if (status !== 200) return reject(new Error(`the server answered with ${status}`))
      try {
        const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString())
        resolve(isObject(parsed) ? parsed : {})
      } catch (error) {
        reject(error)
      }
    })
  })
  request.end(body)
  return promise
}
