export interface WhoamiWorkload {
  /** Default Deployment. */
  readonly kind?: "StatefulSet"
  readonly namespace: string
  readonly name: string
  readonly replicas: number
  /** Labels of the pods besides `app`, which is the name. */
  readonly labels?: Readonly<Record<string, string>>
  /** Further members of the pods' spec. */
  readonly podSpec?: object
}

/** Manifest of an application whose pods answer who they are and who asks: see whoamiServer. */
export function whoamiWorkload(workload: WhoamiWorkload): string {
  const { kind = "Deployment", namespace, name, replicas, labels, podSpec } = workload
  const app = { app: name }
  const image = "registry.example/whoami:1"
  return JSON.stringify({
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, labels: app },
    spec: {
      replicas,
      ...(kind === "StatefulSet" ? { serviceName: name } : {}),
      selector: { matchLabels: app },
      template: {
        metadata: { labels: { ...app, ...labels } },
        spec: {
          terminationGracePeriodSeconds: 1,
          ...podSpec,
          containers: [{ name, image, ports: [{ containerPort: 8080 }] }],
        },
      },
    },
  })
}
