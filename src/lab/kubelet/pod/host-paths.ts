import { join } from "node:path"
import type { Container, PodSpec } from "../../loops/pod.ts"

/**
 * Variables of Berth's own programs that name files, with the paths the image has them at. Containers of the lab have
 * no mount namespace of their own, so instead of mounting the node's folders there, the variables are pointed at them.
 */
const pathVariables: Readonly<Record<string, string>> = {
  BERTH_SOCKET: "/var/run/aws-node/berth.sock",
  BERTH_STATE_DIR: "/var/run/aws-node",
  HOST_CNI_BIN_PATH: "/host/opt/cni/bin",
  HOST_CNI_CONFDIR_PATH: "/host/etc/cni/net.d",
  INTROSPECTION_BIND_ADDRESS: "unix:/var/run/aws-node/introspection.sock",
}

/** The path variables of a container, translated through its hostPath mounts to paths below the node's root folder. */
export function translatePaths(
  spec: PodSpec,
  container: Container,
  env: Readonly<Record<string, string>>,
  root: string,
): Record<string, string> {
  const translated: Record<string, string> = {}
  for (const [name, standard] of Object.entries(pathVariables)) {
    const [, scheme = "", path = ""] = /^(unix:)?(.*)$/.exec(env[name] ?? standard) ?? []
    const real = path.startsWith("/") ? hostPathOf(spec, container, path) : undefined
    if (real !== undefined) translated[name] = `${scheme}${join(root, real)}`
  }
  const log = env["AWS_VPC_K8S_CNI_LOG_FILE"]
  const logFile = log?.startsWith("/") ? hostPathOf(spec, container, log) : undefined
  if (logFile !== undefined) translated["AWS_VPC_K8S_CNI_LOG_FILE"] = join(root, logFile)
  return translated
}

/** Folders of the host that the container's hostPath volumes name. */
export const hostFolders = (spec: PodSpec): string[] =>
  (spec.volumes ?? []).flatMap((v) => (v.hostPath ? [v.hostPath.path] : []))

/** The host's path of a file in the container; undefined when no hostPath volume holds it. */
function hostPathOf(spec: PodSpec, container: Container, path: string): string | undefined {
  const mount = (container.volumeMounts ?? [])
    .filter((m) => path === m.mountPath || path.startsWith(`${m.mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0]
  const host = spec.volumes?.find((v) => v.name === mount?.name)?.hostPath?.path
  if (!mount || host === undefined) return undefined
  return join(host, mount.subPath ?? "", path.slice(mount.mountPath.length))
}
