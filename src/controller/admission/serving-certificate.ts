import { X509Certificate } from "node:crypto"
import type { Clock } from "../../clock.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"
import type { Logger } from "../../log.ts"
import { selfSigned } from "../../tls/certificate.ts"
import { mutatingConfigurations, type Secret, secrets, webhookConfigurations } from "./resources.ts"

/** What the server presents, and what the API server has to trust: the present certificate and the one before. */
export interface ServingCertificate {
  readonly cert: string
  readonly key: string
  readonly trusted: string
}

export interface CertificateOptions {
  kube: Kube
  clock: Clock
  log: Logger
  namespace: string
  /** The Service that the API server calls; the certificate is for its names. */
  service: string
  secret: string
  /** The ValidatingWebhookConfiguration and the MutatingWebhookConfiguration. */
  configuration: string
}

/** A certificate is made for a year, and replaced this long before its end. */
const renewBeforeMs = 60 * 86_400_000

/** Replicas start together: each round one of them wins. */
const attemptsMax = 5

/**
 * The certificate that all replicas serve, from a Secret; makes it when there is none or its time is nearly over, and
 * tells the API server to trust it. It is its own authority. The one before stays trusted until the next is made, so
 * replicas that still serve it are believed. Any replica may do this at any time: the Secret's version decides who does.
 */
export async function servingCertificate(options: CertificateOptions): Promise<ServingCertificate> {
  const { kube, secret: name, namespace, log } = options
  for (let attempt = 1; ; attempt++) {
    try {
      const present = await kube.get(secrets, name, namespace)
      const known = present && read(present)
      if (known && !isDue(known.cert, options)) {
        await trust(options, known.trusted)
        return known
      }
      await write(options, present, make(options, known?.cert))
      log.info("serving certificate made", { secret: `${namespace}/${name}` })
    } catch (error) {
      // Another replica was faster: take what it wrote.
      const lost = error instanceof KubeError && error.status === 409
      if (!lost || attempt === attemptsMax) throw error
    }
  }
}

function make({ clock, service, namespace }: CertificateOptions, before: string | undefined) {
  const host = `${service}.${namespace}.svc`
  const { cert, key } = selfSigned({
    commonName: host,
    dnsNames: [host, `${host}.cluster.local`],
    addresses: ["127.0.0.1"],
    now: clock.now(),
  })
  return { cert, key, trusted: `${cert}${before ?? ""}` }
}

function isDue(cert: string, { clock, service, namespace }: CertificateOptions): boolean {
  try {
    const certificate = new X509Certificate(cert)
    if (certificate.checkHost(`${service}.${namespace}.svc`) === undefined) return true
    return Date.parse(certificate.validTo) - clock.now() < renewBeforeMs
  } catch {
    return true
  }
}

function read({ data = {} }: Secret): ServingCertificate | undefined {
  const text = (key: string) => Buffer.from(data[key] ?? "", "base64").toString()
  const [cert, key, trusted] = [text("tls.crt"), text("tls.key"), text("ca.crt")]
  return cert === "" || key === "" ? undefined : { cert, key, trusted: trusted || cert }
}

async function write(
  { kube, secret: name, namespace }: CertificateOptions,
  secret: Secret | undefined,
  { cert, key, trusted }: ServingCertificate,
): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const data = { "tls.crt": base64(cert), "tls.key": base64(key), "ca.crt": base64(trusted) }
  const object: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    type: "kubernetes.io/tls",
    ...secret,
    data,
  }
  // With its resourceVersion, so that of two replicas one wins.
  if (secret) await kube.replace(secrets, object)
  else await kube.create(secrets, object)
}

/** The bundle is written only where it differs: every write makes the API server reload its webhooks. */
async function trust(
  { kube, configuration: name }: CertificateOptions,
  trusted: string,
): Promise<void> {
  const caBundle = Buffer.from(trusted).toString("base64")
  for (const resource of [webhookConfigurations, mutatingConfigurations]) {
    const configuration = await kube.get(resource, name)
    const webhooks = configuration?.webhooks ?? []
    if (!configuration || webhooks.every((w) => w.clientConfig.caBundle === caBundle)) continue
    await kube.replace(resource, {
      ...configuration,
      webhooks: webhooks.map((w) => ({ ...w, clientConfig: { ...w.clientConfig, caBundle } })),
    })
  }
}
