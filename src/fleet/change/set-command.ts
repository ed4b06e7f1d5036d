import type { Examination } from "../doctor/examination.ts"

type Env = readonly { readonly name: string; readonly value: string | undefined }[]

/**
 * The command that sets variables of DaemonSet aws-node (undefined: removes one). Where the plugin is an EKS add-on its
 * configuration must say so, or the add-on's next update takes them back.
 */
export function setCommand(env: Env, { aws, index }: Examination): string {
  const { addon } = aws.eks ?? {}
  if (addon === undefined) {
    const words = env.map((e) => (e.value === undefined ? `${e.name}-` : `${e.name}=${e.value}`))
    return `kubectl set env daemonset aws-node -n kube-system ${words.join(" ")}`
  }
  const configuration = parsed(addon.configuration)
  const before = (configuration["env"] ?? {}) as Record<string, unknown>
  const changed: Record<string, unknown> = { ...before }
  for (const { name, value } of env) {
    if (value === undefined) delete changed[name]
    else changed[name] = value
  }
  const values = JSON.stringify({ ...configuration, env: changed })
  const cluster = index.snapshot.cluster.name ?? "CLUSTER"
  return `aws eks update-addon --cluster-name ${cluster} --addon-name vpc-cni --resolve-conflicts PRESERVE --configuration-values '${values}'`
}

function parsed(configuration: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(configuration ?? "{}")
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
