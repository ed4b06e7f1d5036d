import { generateKeyPairSync, randomBytes } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Certificate, selfSigned } from "../../tls/certificate.ts"

/** Secrets of one control plane, as files that its processes read. */
export interface ControlPlaneKeys {
  certificate: Certificate
  certFile: string
  keyFile: string
  /** Signs the tokens of service accounts. */
  accountKeyFile: string
  accountPublicKeyFile: string
  tokenFile: string
  adminToken: string
}

export function makeKeys(
  folder: string,
  addresses: readonly string[],
  now: number,
): ControlPlaneKeys {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const certificate = selfSigned({
    commonName: "kube-apiserver",
    dnsNames: ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"],
    addresses,
    now,
  })
  const account = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  })
  const adminToken = randomBytes(24).toString("base64url")
  return {
    certificate,
    certFile: file("apiserver.crt", certificate.cert),
    keyFile: file("apiserver.key", certificate.key),
    accountKeyFile: file("accounts.key", account.privateKey),
    accountPublicKeyFile: file("accounts.pub", account.publicKey),
    // Token, user, uid, groups (kube-apiserver --token-auth-file).
    tokenFile: file("tokens.csv", `${adminToken},admin,admin,"system:masters"\n`),
    adminToken,
  }
}
