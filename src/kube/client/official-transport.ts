import type https from "node:https"
import { delimiter } from "node:path"
import type { Credentials } from "./credentials.ts"
import type { ClusterConfig } from "./kubeconfig.ts"
import { httpTransport, type Transport } from "./transport.ts"

/**
 * Serves kubeconfigs with auth-provider plugins (OIDC, cloud logins) through the official client, which is loaded
 * only then. It supplies headers and certificates; the requests are made as always.
 */
export function officialTransport(
  config: ClusterConfig,
  official: { files: string[]; context: string },
  userAgent: string,
): Transport {
  const configured = load(official)
  // Observed at the first request; until then a failure to load must not count as unhandled.
  configured.catch(() => {})
  const current = async (): Promise<Credentials> => {
    const options: https.RequestOptions = { headers: {} }
    await (await configured).applyToHTTPSOptions(options)
    const headers = Object.fromEntries(
      Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value)]),
    )
    return {
      headers,
      ...(typeof options.agent === "object" ? { agent: options.agent } : {}),
    }
  }
  return httpTransport(config, { current, invalidate: () => {} }, userAgent)
}

async function load(official: { files: string[]; context: string }) {
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js")
  const [first = "", ...others] = official.files
  const config = new KubeConfig()
  config.loadFromFile(first)
  for (const file of others) {
    const more = new KubeConfig()
    more.loadFromFile(file)
    config.mergeConfig(more, true)
  }
  config.setCurrentContext(official.context)
  if (!config.getCurrentCluster())
    throw new Error(
      `no cluster for context ${official.context} in ${official.files.join(delimiter)}`,
    )
  return config
}
