import { execPlugin, type PluginHost } from "./exec-plugin.ts"
import type { NetworkConfig, PluginConfig } from "./network-config.ts"

/** One attachment of a sandbox, as the runtime describes it to plugins. */
export interface Attachment {
  containerId: string
  /** Path of the pod's namespace. */
  netns: string
  ifname: string
  args: Readonly<Record<string, string>>
  /** Handed to the plugins that ask for it in `capabilities`. */
  runtimeConfig: Readonly<Record<string, unknown>>
}

/** The fields of a CNI result that a kubelet reads. */
export interface AddResult {
  cniVersion: string
  ips?: { address: string; gateway?: string; interface?: number }[]
  /** Versions below 0.3.0. */
  ip4?: { ip: string }
  [key: string]: unknown
}

/** Adds the sandbox to the network: every plugin of the list in order, each given the result of the one before. */
export async function addNetwork(
  host: PluginHost,
  config: NetworkConfig,
  attachment: Attachment,
  signal?: AbortSignal,
): Promise<AddResult> {
  let result: unknown
  for (const plugin of config.plugins)
    result = await call(host, config, plugin, {
      attachment,
      result,
      command: "ADD",
      ...(signal ? { signal } : {}),
    })
  return (result ?? { cniVersion: config.cniVersion }) as AddResult
}

/** Removes it, last plugin first. `result` is that of ADD where it is known. */
export async function delNetwork(
  host: PluginHost,
  config: NetworkConfig,
  attachment: Attachment,
  result: AddResult | undefined,
): Promise<void> {
  for (const plugin of config.plugins.toReversed())
    await call(host, config, plugin, { attachment, result, command: "DEL" })
}

/** Rejects when a plugin finds the attachment damaged. */
export async function checkNetwork(
  host: PluginHost,
  config: NetworkConfig,
  attachment: Attachment,
  result: AddResult,
): Promise<void> {
  if (config.disableCheck || ["0.1.0", "0.2.0", "0.3.0", "0.3.1"].includes(config.cniVersion))
    return
  for (const plugin of config.plugins)
    await call(host, config, plugin, { attachment, result, command: "CHECK" })
}

async function call(
  host: PluginHost,
  config: NetworkConfig,
  plugin: PluginConfig,
  step: {
    attachment: Attachment
    result: unknown
    command: "ADD" | "DEL" | "CHECK"
    signal?: AbortSignal
  },
): Promise<unknown> {
  const { attachment, result, command, signal } = step
  const asked = Object.entries(plugin.capabilities ?? {}).filter(([, wanted]) => wanted)
  const runtimeConfig = Object.fromEntries(
    asked.flatMap(([name]) =>
      attachment.runtimeConfig[name] === undefined ? [] : [[name, attachment.runtimeConfig[name]]],
    ),
  )
  const { capabilities: _, ...rest } = plugin
  try {
    return await execPlugin(host, {
      command,
      ...(signal ? { signal } : {}),
      config: {
        ...rest,
        name: config.name,
        cniVersion: config.cniVersion,
        ...(Object.keys(runtimeConfig).length > 0 ? { runtimeConfig } : {}),
        ...(result === undefined ? {} : { prevResult: result }),
      },
      variables: {
        CNI_CONTAINERID: attachment.containerId,
        CNI_NETNS: attachment.netns,
        CNI_IFNAME: attachment.ifname,
        CNI_ARGS: Object.entries(attachment.args)
          .map(([k, v]) => `${k}=${v}`)
          .join(";"),
      },
    })
  } catch (error) {
    const name = plugin.name === undefined ? "" : ` name=${JSON.stringify(plugin.name)}`
    const type = `type=${JSON.stringify(plugin.type)}${name}`
    const verb = { ADD: "add", DEL: "delete", CHECK: "check" }[command]
    throw new Error(`plugin ${type} failed (${verb}): ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** IPv4 addresses of a result, the pod's first. */
export const addressesOf = (result: AddResult): string[] =>
  [...(result.ips ?? []).map((ip) => ip.address), ...(result.ip4 ? [result.ip4.ip] : [])].map(
    (address) => address.split("/")[0] ?? address,
  )
