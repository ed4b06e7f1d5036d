import { spawn } from "node:child_process"
import { readFile } from "node:fs/promises"
import type { Agent } from "node:http"
import type { Clock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import type { ClusterConfig, ExecConfig } from "./kubeconfig.ts"

/** What one request carries to prove who asks. */
export interface Credentials {
  headers: Record<string, string>
  cert?: Buffer | string
  key?: Buffer | string
  /** Replaces the transport's own connections: proxies. */
  agent?: Agent
}

export interface CredentialSource {
  current(): Promise<Credentials>
  /** Forgets what is cached: the server answered 401. */
  invalidate(): void
}

/** Renewed this long before they expire, so that no request leaves with credentials about to be refused. */
const renewBeforeMs = 60_000
/** Bound service account tokens are rotated on disk by the kubelet; client-go also re-reads them every minute. */
const tokenFileTtlMs = 60_000

export function credentialSource(config: ClusterConfig, clock: Clock): CredentialSource {
  const fixed = fixedCredentials(config)
  if (config.exec) return cached(() => runPlugin(config, config.exec as ExecConfig), fixed, clock)
  if (config.tokenFile)
    return cached(() => readToken(config.tokenFile as string, clock), fixed, clock)
  return { current: async () => fixed, invalidate: () => {} }
}

function fixedCredentials(config: ClusterConfig): Credentials {
  const headers: Record<string, string> = {}
  if (config.token) headers["authorization"] = `Bearer ${config.token}`
  if (config.basic) {
    const pair = `${config.basic.username}:${config.basic.password}`
    headers["authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`
  }
  if (config.impersonate) headers["impersonate-user"] = config.impersonate
  return {
    headers,
    ...(config.cert ? { cert: config.cert } : {}),
    ...(config.key ? { key: config.key } : {}),
  }
}

interface Renewed extends Credentials {
  expiresAt: number
}

/** Keeps what `renew` gave until shortly before it expires; at most one renewal runs at a time. */
function cached(renew: () => Promise<Renewed>, fixed: Credentials, clock: Clock): CredentialSource {
  let known: Renewed | undefined
  let renewal: Promise<Credentials> | undefined
  const start = async () => {
    try {
      const fresh = await renew()
      known = { ...fixed, ...fresh, headers: { ...fixed.headers, ...fresh.headers } }
      return known
    } finally {
      renewal = undefined
    }
  }
  return {
    async current() {
      if (known && clock.now() < known.expiresAt - renewBeforeMs) return known
      renewal ??= start()
      return renewal
    },
    invalidate() {
      known = undefined
    },
  }
}

async function readToken(file: string, clock: Clock): Promise<Renewed> {
  const token = (await readFile(file, "utf8").catch((cause: Error) => {
    throw fail("kube/bad-config", { file, why: cause.message }, cause)
  })) as string
  return {
    headers: { authorization: `Bearer ${token.trim()}` },
    expiresAt: clock.now() + tokenFileTtlMs + renewBeforeMs,
  }
}

interface ExecCredential {
  status?: {
    token?: string
    clientCertificateData?: string
    clientKeyData?: string
    expirationTimestamp?: string
  }
}

/** Runs a client-go credential plugin (KEP-541): ExecCredential in the environment, ExecCredential on stdout. */
async function runPlugin(config: ClusterConfig, exec: ExecConfig): Promise<Renewed> {
  const cluster = exec.provideClusterInfo
    ? {
        server: config.server,
        ...(config.ca ? { "certificate-authority-data": config.ca.toString("base64") } : {}),
        "insecure-skip-tls-verify": config.insecure,
      }
    : undefined
  const info = {
    apiVersion: exec.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false, ...(cluster ? { cluster } : {}) },
  }
  const env = { ...process.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) } as NodeJS.ProcessEnv
  for (const { name, value } of exec.env ?? []) env[name] = value
  const output = await outputOf(exec.command, exec.args ?? [], env)
  const status = parseCredential(exec.command, output)
  const expiry = status.expirationTimestamp ? Date.parse(status.expirationTimestamp) : Number.NaN
  return {
    headers: status.token ? { authorization: `Bearer ${status.token}` } : {},
    ...(status.clientCertificateData ? { cert: status.clientCertificateData } : {}),
    ...(status.clientKeyData ? { key: status.clientKeyData } : {}),
    expiresAt: Number.isNaN(expiry) ? Number.POSITIVE_INFINITY : expiry,
  }
}

function parseCredential(command: string, output: string) {
  let credential: ExecCredential
  try {
    credential = JSON.parse(output) as ExecCredential
  } catch (cause) {
    throw fail("kube/no-credentials", { command, why: "its output is not JSON" }, cause)
  }
  const status = credential.status
  if (!status?.token && !status?.clientCertificateData)
    throw fail("kube/no-credentials", { command, why: "its output has no token or certificate" })
  return status
}

/** A plugin that prints more than this, or thinks longer, is broken. */
const outputLimit = 1 << 20
const pluginTimeoutMs = 60_000

function outputOf(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string, cause?: unknown) =>
      reject(fail("kube/no-credentials", { command, why }, cause))
    const child = spawn(command, args, {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: pluginTimeoutMs,
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk
      if (stdout.length > outputLimit) child.kill()
    })
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr = (stderr + chunk).slice(-2000)
    })
    child.on("error", (cause) => refuse(cause.message, cause))
    child.on("close", (code, signal) => {
      if (code === 0) resolve(stdout)
      else refuse(stderr.trim() || `it ended with ${signal ?? `code ${code}`}`)
    })
  })
}
