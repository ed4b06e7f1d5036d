import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto"
import * as der from "./der.ts"

export interface CertificateRequest {
  commonName: string
  dnsNames?: readonly string[]
  /** IPv4. */
  addresses?: readonly string[]
  now: number
}

/** Both in PEM. */
export interface Certificate {
  cert: string
  key: string
}

const dayMs = 86_400_000
const ecdsaWithSha256 = der.sequence(der.objectId("1.2.840.10045.4.3.2"))

/**
 * A self-signed server certificate (X.509 v3, RFC 5280) with an ECDSA key on P-256. Node can read certificates and not
 * make them. It is marked as an authority, so that a client may be given it as its only root.
 */
export function selfSigned(request: CertificateRequest): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  })
  const name = der.sequence(
    der.set(der.sequence(der.objectId("2.5.4.3"), der.utf8(request.commonName))),
  )
  const body = der.sequence(
    der.context(0, der.integer(Buffer.of(2))),
    der.integer(serialNumber()),
    ecdsaWithSha256,
    name,
    // A day back, for clocks of virtual machines that run behind.
    der.sequence(
      der.time(new Date(request.now - dayMs)),
      der.time(new Date(request.now + 365 * dayMs)),
    ),
    name,
    publicKey,
    der.context(3, extensions(request)),
  )
  const signature = sign("sha256", body, createPrivateKey(privateKey))
  const certificate = der.sequence(body, ecdsaWithSha256, der.bitString(signature))
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? []
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`
  return { cert, key: privateKey }
}

/** Positive and without a leading zero byte, as DER wants an integer. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

function extensions({ dnsNames = [], addresses = [] }: CertificateRequest): Buffer {
  const extension = (id: string, value: Buffer, critical = false) =>
    der.sequence(der.objectId(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value))
  const names = [
    ...dnsNames.map((name) => der.context(2, Buffer.from(name), true)),
    ...addresses.map((a) => der.context(7, Buffer.from(a.split(".").map(Number)), true)),
  ]
  return der.sequence(
    extension("2.5.29.19", der.sequence(der.boolean(true)), true),
    // digitalSignature and keyCertSign.
    extension("2.5.29.15", der.bitString(Buffer.of(0b1000_0100), 2), true),
    extension("2.5.29.37", der.sequence(der.objectId("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.17", der.sequence(...names)),
  )
}
