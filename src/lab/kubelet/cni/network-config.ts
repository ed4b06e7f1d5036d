import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export interface PluginConfig {
  type: string
  name?: string
  capabilities?: Record<string, boolean>
  [key: string]: unknown
}

/** A network configuration list (CNI spec 1.1, section 1). */
export interface NetworkConfig {
  cniVersion: string
  name: string
  disableCheck?: boolean
  plugins: PluginConfig[]
}

/**
 * The configuration a runtime uses: the first usable file by name, as libcni picks it. Undefined when there is none,
 * which makes the node NotReady.
 */
export function loadNetworkConfig(folder: string): NetworkConfig | undefined {
  for (const file of configFiles(folder)) {
    const config = parseConfig(read(join(folder, file)))
    if (config) return config
  }
  return undefined
}

function configFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((f) => /\.(conf|conflist|json)$/.test(f))
      .sort()
  } catch {
    return []
  }
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch {
    // Being written, or no JSON: libcni skips it and the next file may do.
    return undefined
  }
}

function parseConfig(value: unknown): NetworkConfig | undefined {
  if (typeof value !== "object" || value === null) return undefined
  const config = value as Partial<NetworkConfig> & Partial<PluginConfig>
  if (typeof config.name !== "string" || config.name === "") return undefined
  const { cniVersion = "0.2.0", name } = config
  // A single plugin (.conf) counts as a list of one.
  const plugins = Array.isArray(config.plugins)
    ? config.plugins
    : typeof config.type === "string"
      ? [config as PluginConfig]
      : []
  if (plugins.length === 0 || plugins.some((p) => typeof p?.type !== "string")) return undefined
  return { cniVersion, name, ...(config.disableCheck ? { disableCheck: true } : {}), plugins }
}
