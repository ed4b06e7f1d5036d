import { once } from "node:events"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { selfSigned } from "../../../tls/certificate.ts"
import { asObject, isObject, type JsonObject, objectAt, stringAt } from "../json.ts"

/** A webhook that does what the object's label "webhook" tells it, and remembers what it was asked. */
export interface WebhookServer extends AsyncDisposable {
  readonly port: number
  /** For a webhook's clientConfig, base64 as it wants it. */
  readonly caBundle: string
  readonly requests: JsonObject[]
}

const answers: Readonly<Record<string, JsonObject>> = {
  deny: { allowed: false, status: { message: "not like this" } },
  code: { allowed: false, status: { code: 422, reason: "Invalid", message: "unprocessable" } },
  reason: { allowed: false, status: { reason: "Forbidden" } },
  silent: { allowed: false },
  patch: {
    allowed: true,
    patchType: "JSONPatch",
    patch: Buffer.from('[{"op":"add","path":"/data","value":{"added":"here"}}]').toString("base64"),
  },
  warn: { allowed: true, warnings: ["mind the gap", "and the step"] },
}

export async function webhookServer(): Promise<WebhookServer> {
  const { cert, key } = selfSigned({
    commonName: "webhook",
    dnsNames: ["hook.default.svc"],
    addresses: ["127.0.0.1"],
    now: Date.now(),
  })
  const requests: JsonObject[] = []
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const review = asObject(JSON.parse(Buffer.concat(chunks).toString()))
      const asked = objectAt(review, "request")
      requests.push(asked)
      const object = isObject(asked.object) ? asked.object : asked.oldObject
      const answer = answers[stringAt(object, "metadata", "labels", "webhook")] ?? { allowed: true }
      const { apiVersion, kind } = review
      response.setHeader("content-type", "application/json")
      response.end(JSON.stringify({ apiVersion, kind, response: { uid: asked.uid, ...answer } }))
    })
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(cert).toString("base64"),
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}
