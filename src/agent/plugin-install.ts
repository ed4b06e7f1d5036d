import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type RelayBinary, relayBinary } from "../cni/relay-binary.ts"

export const pluginType = "berth-cni"

/** Beside the program in the image; a checkout has none. */
const shipped = fileURLToPath(new URL("cni-plugins", import.meta.url))

/**
 * Puts the plugin into the host's folder of CNI plugins, and beside it the link that names the agent's socket. As the
 * original's init container does, it also puts there the plugins that a pod needs besides and that the image ships:
 * containerd executes `loopback` for every pod, and not every machine image has it.
 */
export async function installPlugin(
  folder: string,
  socket: string,
  from: { relay?: RelayBinary; others?: string } = {},
): Promise<RelayBinary> {
  const { relay = await relayBinary(), others = shipped } = from
  mkdirSync(folder, { recursive: true })
  install(folder, pluginType, (fresh) => {
    if (relay.kind === "c") copyFileSync(relay.path, fresh)
    else writeFileSync(fresh, withInterpreter(readFileSync(relay.path, "utf8")))
  })
  for (const name of existsSync(others) ? readdirSync(others) : [])
    install(folder, name, (fresh) => copyFileSync(join(others, name), fresh))
  const link = join(folder, `${pluginType}.sock`)
  rmSync(`${link}.new`, { force: true })
  symlinkSync(socket, `${link}.new`)
  renameSync(`${link}.new`, link)
  return relay
}

/** Renamed into place: a runtime may be executing the old file, which cannot be written then (ETXTBSY). */
function install(folder: string, name: string, write: (fresh: string) => void): void {
  const fresh = join(folder, `.${name}.${process.pid}`)
  write(fresh)
  chmodSync(fresh, 0o755)
  renameSync(fresh, join(folder, name))
}

/** The host need not have a Node of its own in the PATH of its container runtime. */
const withInterpreter = (script: string) => script.replace(/^#!.*/, `#!${process.execPath}`)

export interface ConflistOptions {
  /** Folder of the host's CNI plugins: others are chained only when they are there. */
  binFolder: string
  bandwidth: boolean
  disableIPv6: boolean
}

/**
 * The configuration that makes the runtime call the plugin. Both versions are offered because containerd before 2.0
 * reads no 1.1.0, which is the one with GC and STATUS.
 */
export function conflist({ binFolder, bandwidth, disableIPv6 }: ConflistOptions) {
  const there = (type: string) => existsSync(join(binFolder, type))
  const off = (link: string) => [`net.ipv6.conf.${link}.disable_ipv6`, "1"]
  const chained = [
    { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ...(bandwidth ? [{ type: "bandwidth", capabilities: { bandwidth: true } }] : []),
    ...(disableIPv6
      ? [{ type: "tuning", sysctl: Object.fromEntries(["all", "default", "lo"].map(off)) }]
      : []),
  ]
  return {
    cniVersion: "1.0.0",
    cniVersions: ["0.4.0", "1.0.0", "1.1.0"],
    name: "aws-cni",
    plugins: [{ type: pluginType }, ...chained.filter(({ type }) => there(type))],
  }
}

/**
 * Writes it where the original has its own, which it replaces. It is written once the node can attach pods, and never
 * taken away again: without it the runtime reports the whole node as not ready, and running pods would be evicted.
 */
export function installConflist(folder: string, o: ConflistOptions): void {
  mkdirSync(folder, { recursive: true })
  const target = join(folder, "10-aws.conflist")
  const text = `${JSON.stringify(conflist(o), undefined, 2)}\n`
  if (existsSync(target) && readFileSync(target, "utf8") === text) return
  // Not named *.conflist, so that the runtime does not read it before it is whole.
  const fresh = join(folder, ".10-aws.berth")
  writeFileSync(fresh, text, { mode: 0o644 })
  renameSync(fresh, target)
}
