import { existsSync, readFileSync } from "node:fs"
import type { Clock } from "../../clock.ts"
import { credentialSource } from "./credentials.ts"
import { type ClusterConfig, kubeconfigFiles, readKubeconfig } from "./kubeconfig.ts"
import { officialTransport } from "./official-transport.ts"
import { httpTransport, type Transport } from "./transport.ts"

export interface ConnectionOptions {
  /** Path (or list of paths) of a kubeconfig. */
  kubeconfig?: string
  /** Context of the kubeconfig; default its current one. */
  context?: string
  env?: NodeJS.ProcessEnv
  userAgent?: string
}

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

/** Chooses how to reach the API: an explicit kubeconfig, then $KUBECONFIG, the service account, ~/.kube/config. */
export function connect(options: ConnectionOptions, clock: Clock): Transport {
  const env = options.env ?? process.env
  const userAgent = options.userAgent ?? "berth"
  const asked = options.kubeconfig !== undefined || Boolean(env["KUBECONFIG"])
  const config =
    (asked ? undefined : inCluster(env)) ??
    readKubeconfig(kubeconfigFiles(options.kubeconfig, env), options.context)
  // The official client costs 60 MB and half a second to load: only what needs its plugins pays for it.
  if (config.official) return officialTransport(config, config.official, userAgent)
  return httpTransport(config, credentialSource(config, clock), userAgent)
}

function inCluster(env: NodeJS.ProcessEnv): ClusterConfig | undefined {
  const host = env["KUBERNETES_SERVICE_HOST"]
  const port = env["KUBERNETES_SERVICE_PORT"]
  if (!host || !port || !existsSync(`${serviceAccount}/token`)) return undefined
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: readFileSync(`${serviceAccount}/ca.crt`),
    tokenFile: `${serviceAccount}/token`,
    insecure: false,
  }
}
