import type { Container, EnvVar, LabPod } from "../../loops/pod.ts"
import { parseQuantity } from "../../loops/scheduler/quantity.ts"

/** What a container's environment refers to besides its pod. */
export interface EnvSources {
  configMap(name: string): Promise<Readonly<Record<string, string>> | undefined>
  secret(name: string): Promise<Readonly<Record<string, string>> | undefined>
  hostAddress: string
  podAddress: string
}

/**
 * The environment that the API says a container gets: envFrom, then env with the downward API resolved and `$(NAME)`
 * expanded. Rejects with kubelet's CreateContainerConfigError text when something referred to is missing.
 */
export async function containerEnv(
  pod: LabPod,
  container: Container,
  sources: EnvSources,
): Promise<Record<string, string>> {
  const env: Record<string, string> = {}
  for (const from of container.envFrom ?? []) {
    const reference = from.configMapRef ?? from.secretRef
    if (!reference) continue
    const data = from.configMapRef
      ? await sources.configMap(reference.name)
      : await sources.secret(reference.name)
    if (!data && !reference.optional)
      throw new Error(`${from.configMapRef ? "configmap" : "secret"} "${reference.name}" not found`)
    for (const [key, value] of Object.entries(data ?? {})) env[`${from.prefix ?? ""}${key}`] = value
  }
  for (const variable of container.env ?? []) {
    const value = await variableValue(pod, container, variable, sources)
    if (value !== undefined) env[variable.name] = expand(value, env)
  }
  return env
}

/** `$(NAME)` of a variable defined before; `$$(NAME)` stays literally. An unknown name stays as it is. */
export const expand = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replace(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (all, name: string | undefined) =>
    name === undefined ? "$" : (env[name] ?? all),
  )

async function variableValue(
  pod: LabPod,
  container: Container,
  { value, valueFrom }: EnvVar,
  sources: EnvSources,
): Promise<string | undefined> {
  if (!valueFrom) return value ?? ""
  if (valueFrom.fieldRef) return fieldOf(pod, valueFrom.fieldRef.fieldPath, sources)
  if (valueFrom.resourceFieldRef) {
    const { resource, containerName } = valueFrom.resourceFieldRef
    const of = pod.spec.containers.find((c) => c.name === containerName) ?? container
    const [kind, name = ""] = resource.split(/\.(.*)/s)
    const amount = of.resources?.[kind === "limits" ? "limits" : "requests"]?.[name]
    return String(Math.ceil(parseQuantity(amount)))
  }
  const ref = valueFrom.configMapKeyRef ?? valueFrom.secretKeyRef
  if (!ref) return undefined
  const kind = valueFrom.configMapKeyRef ? "configmap" : "secret"
  const data = valueFrom.configMapKeyRef
    ? await sources.configMap(ref.name)
    : await sources.secret(ref.name)
  if (data?.[ref.key] !== undefined || ref.optional) return data?.[ref.key]
  throw new Error(
    data
      ? `couldn't find key ${ref.key} in ${kind} ${pod.metadata.namespace}/${ref.name}`
      : `${kind} "${ref.name}" not found`,
  )
}

/** The downward API (pod.spec.containers.env.valueFrom.fieldRef). */
function fieldOf(pod: LabPod, path: string, sources: EnvSources): string {
  const { metadata, spec } = pod
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path)
  if (keyed) return metadata[keyed[1] as "labels" | "annotations"]?.[keyed[2] ?? ""] ?? ""
  const podAddress = spec.hostNetwork ? sources.hostAddress : sources.podAddress
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": spec.nodeName,
    "spec.serviceAccountName": spec.serviceAccountName ?? "default",
    "status.hostIP": sources.hostAddress,
    "status.hostIPs": sources.hostAddress,
    "status.podIP": podAddress,
    "status.podIPs": podAddress,
  }
  return fields[path] ?? ""
}
