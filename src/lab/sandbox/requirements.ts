import { execFile } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { dieWithParent, enterWorld, rebuildRun } from "./enter-world.ts"

export interface Tool {
  readonly name: string
  /** The Debian and Ubuntu package that brings it. */
  readonly debianPackage: string
  readonly purpose: string
  /** Without it nothing can be wired, and the lab runs its hollow fabric. */
  readonly essential: boolean
}

const tools: readonly Tool[] = [
  tool("unshare", "util-linux", "gives the lab namespaces of its own", true),
  tool("setpriv", "util-linux", "ends the lab with its launcher", true),
  tool("mount", "mount", "gives the lab a private /run/netns", true),
  tool("nft", "nftables", "enforces security groups in the VPC fabric", true),
  tool("ip", "iproute2", "shows links and routes inside nodes and pods", false),
  tool("ping", "iputils-ping", "tries reachability from inside pods", false),
  tool("curl", "curl", "asks hosts for the source address they see", false),
  tool("cc", "gcc", "builds the CNI plugin; without it a slower one in Node is used", false),
]

function tool(name: string, debianPackage: string, purpose: string, essential: boolean): Tool {
  return { name, debianPackage, purpose, essential }
}

/** Debian keeps nft and ip where only root's PATH looks. */
export function pathWithSbin(path: string | undefined): string {
  const folders = (path ?? "/usr/bin:/bin").split(delimiter)
  const sbin = ["/usr/local/sbin", "/usr/sbin", "/sbin"].filter((f) => !folders.includes(f))
  return [...folders, ...sbin].join(delimiter)
}

/** The tools that no folder of `path` has. */
export function missingTools(path = pathWithSbin(process.env["PATH"])): Tool[] {
  const folders = path.split(delimiter)
  return tools.filter((t) => !folders.some((folder) => executable(join(folder, t.name))))
}

/** Prefix for a command that must not outlive this process; empty where there is no setpriv. */
export function boundToParent(): string[] {
  return missingTools().some((t) => t.name === "setpriv") ? [] : dieWithParent
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Why this machine cannot wire a lab: a missing tool with its package, or the right that was refused. Undefined when it
 * can. Asks by doing: the same namespaces are made and thrown away, because no file in /proc says what a seccomp
 * filter, an LSM or a container's capability set will refuse.
 */
export async function whyHollow(
  path = pathWithSbin(process.env["PATH"]),
): Promise<string | undefined> {
  const lacking = missingTools(path).filter((t) => t.essential)
  if (lacking.length > 0) {
    const names = lacking.map((t) => t.name).join(", ")
    const packages = [...new Set(lacking.map((t) => t.debianPackage))].join(" ")
    return `${names} not found (Debian, Ubuntu: apt-get install ${packages})`
  }
  const [command, ...args] = enterWorld(["sh", "-ec", `${rebuildRun}\n${probe}`])
  return await new Promise((resolve) => {
    const env = { ...process.env, PATH: path }
    execFile(command, args, { env, timeout: 10_000 }, (error, _stdout, stderr) =>
      resolve(error ? `this machine refuses what a lab needs: ${reasonIn(stderr)}` : undefined),
    )
  })
}

/** A link, and every kind of rule that the fabric uses. */
const probe = `
if command -v ip > /dev/null; then ip link add berth-a type veth peer name berth-b; fi
nft -f - << 'end'
add table ip probe
add set ip probe links { type ifname; }
add chain ip probe raw { type filter hook prerouting priority raw; }
add rule ip probe raw iifname @links fib saddr . iif oif 0 counter drop
add chain ip probe nat { type nat hook postrouting priority srcnat; }
add rule ip probe nat ct state new snat to 192.0.2.1
end
`

function reasonIn(stderr: string): string {
  return stderr.trim().split("\n")[0] || "no reason given"
}
