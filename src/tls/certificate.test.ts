import assert from "node:assert/strict"
import { X509Certificate } from "node:crypto"
import { once } from "node:events"
import { createServer, get } from "node:https"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { selfSigned } from "./certificate.ts"

const request = {
  commonName: "kubelet",
  dnsNames: ["ip-10-0-0-5.us-west-2.compute.internal"],
  addresses: ["127.0.0.1", "192.0.2.1"],
  now: Date.now(),
}

test("the certificate is what it says, and its signature holds", () => {
  const certificate = new X509Certificate(selfSigned(request).cert)
  assert.equal(certificate.subject, "CN=kubelet")
  assert.equal(
    certificate.subjectAltName,
    "DNS:ip-10-0-0-5.us-west-2.compute.internal, IP Address:127.0.0.1, IP Address:192.0.2.1",
  )
  assert.equal(certificate.ca, true)
  assert.ok(certificate.verify(certificate.publicKey))
  assert.ok(Date.parse(certificate.validTo) > request.now + 300 * 86_400_000)
})

test("a client that is given the certificate as its root accepts the server", async () => {
  const { cert, key } = selfSigned(request)
  const server = createServer({ cert, key }, (_, response) => response.end("hello")).listen(0)
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const [response] = await once(get({ host: "127.0.0.1", port, ca: cert }), "response")
  assert.equal(response.statusCode, 200)
  response.resume()
  server.close()
})
