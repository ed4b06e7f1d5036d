export interface KubeconfigOptions {
  /** Cluster, user and context get this name. */
  name: string
  server: string
  /** PEM. */
  ca?: string
  token?: string
}

/** A kubeconfig with one context. JSON, which every reader of YAML reads. */
export function kubeconfig({ name, server, ca, token }: KubeconfigOptions): string {
  const certificate = ca ? { "certificate-authority-data": Buffer.from(ca).toString("base64") } : {}
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server, ...certificate } }],
      users: [{ name, user: token ? { token } : {} }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      "current-context": name,
    },
    undefined,
    2,
  )}\n`
}
