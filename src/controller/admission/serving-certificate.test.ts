import assert from "node:assert/strict"
import { X509Certificate } from "node:crypto"
import { test } from "node:test"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { silentLogger } from "../../log.ts"
import { virtualClock } from "../../testing/virtual-clock.ts"
import { secrets, webhookConfigurations } from "./resources.ts"
import { servingCertificate } from "./serving-certificate.ts"

const dayMs = 86_400_000

async function stage() {
  const clock = virtualClock()
  const kube = memoryKube({ clock })
  await kube.create(webhookConfigurations, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "berth" },
    webhooks: [{ name: "w", clientConfig: { service: {} } }],
  })
  const options = {
    ...{ kube, clock, log: silentLogger, namespace: "kube-system" },
    ...{ service: "berth-webhook", secret: "tls", configuration: "berth" },
  }
  const trusted = async () => {
    const [webhook] = (await kube.get(webhookConfigurations, "berth"))?.webhooks ?? []
    return Buffer.from(webhook?.clientConfig.caBundle ?? "", "base64").toString()
  }
  return { clock, kube, options, trusted }
}

test("all replicas serve one certificate, and the API server trusts it", async () => {
  const { options, trusted } = await stage()
  const [a, b] = await Promise.all([servingCertificate(options), servingCertificate(options)])
  assert.equal(a.cert, b.cert)
  assert.equal(await trusted(), a.cert)
  assert.ok(new X509Certificate(a.cert).checkHost("berth-webhook.kube-system.svc"))
  assert.deepEqual(await servingCertificate(options), a)
})

test("it is renewed in good time, and the one before stays trusted meanwhile", async () => {
  const { clock, options, trusted } = await stage()
  const first = await servingCertificate(options)
  await clock.advance(300 * dayMs)
  assert.equal((await servingCertificate(options)).cert, first.cert)
  await clock.advance(10 * dayMs)
  const second = await servingCertificate(options)
  assert.notEqual(second.cert, first.cert)
  assert.equal(await trusted(), second.cert + first.cert)
})

test("what is not a certificate, or is one for another name, is replaced", async () => {
  const { kube, options } = await stage()
  const first = await servingCertificate(options)
  const other = { ...options, service: "renamed" }
  const renamed = await servingCertificate(other)
  assert.ok(new X509Certificate(renamed.cert).checkHost("renamed.kube-system.svc"))
  assert.notEqual(renamed.cert, first.cert)
  const secret = await kube.get(secrets, "tls", "kube-system")
  assert.ok(secret)
  await kube.replace(secrets, { ...secret, data: { "tls.crt": "bm8=", "tls.key": "bm8=" } })
  assert.match((await servingCertificate(options)).cert, /BEGIN CERTIFICATE/)
})

test("a bundle that somebody else has changed is put back", async () => {
  const { kube, options, trusted } = await stage()
  const { cert } = await servingCertificate(options)
  const configuration = await kube.get(webhookConfigurations, "berth")
  assert.ok(configuration)
  await kube.replace(webhookConfigurations, {
    ...configuration,
    webhooks: [{ name: "w", clientConfig: { caBundle: "" } }],
  })
  await servingCertificate(options)
  assert.equal(await trusted(), cert)
})
