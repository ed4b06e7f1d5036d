import type { Examination } from "../doctor/examination.ts"

type Env = readonly { readonly name: string; readonly value: string | undefined }[]

/**
 * The commands that set variables of DaemonSet aws-node (undefined: removes one). Where the plugin is an EKS add-on its
 * configuration must say the same, or its next update takes them back. The DaemonSet comes first: EKS preserves what
 * others have set, and would leave a variable alone that somebody has set by kubectl before. The configuration is
 * replaced as a whole, so it says again what an earlier step has set: `standing`.
 */
export function setCommands(env: Env, { aws, index }: Examination, standing: Env = []): string[] {
  const { addon } = aws.eks ?? {}
  const words = env.map((e) => (e.value === undefined ? `${e.name}-` : `${e.name}=${e.value}`))
  const inCluster = `kubectl set env daemonset aws-node -n kube-system ${words.join(" ")}`
  if (addon === undefined) return [inCluster]
  const configuration = parsed(addon.configuration)
  const before = (configuration["env"] ?? {}) as Record<string, unknown>
  const changed: Record<string, unknown> = { ...before }
  for (const { name, value } of [...standing, ...env]) {
    if (value === undefined) delete changed[name]
    else changed[name] = value
  }
  const values = JSON.stringify({ ...configuration, env: changed })
  const cluster = index.snapshot.cluster.name ?? "CLUSTER"
  const named = `--cluster-name ${cluster} --addon-name vpc-cni`
  return [
    inCluster,
    `aws eks update-addon ${named} --resolve-conflicts PRESERVE --configuration-values '${values}'`,
    `aws eks wait addon-active ${named}`,
  ]
}

function parsed(configuration: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(configuration ?? "{}")
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** The same as one line for a shell. */
export const setCommand = (env: Env, examination: Examination): string =>
  setCommands(env, examination).join(" && ")
