import { ErrnoError } from "../errno-error.ts"
import { sysctlPath } from "../sysctl-path.ts"
import type { MemoryState } from "./memory-state.ts"

/** The keys that each link has, for IPv4 and IPv6; a small part of the kernel's, with its initial values. */
const perLink: Readonly<Record<"ipv4" | "ipv6", Readonly<Record<string, string>>>> = {
  ipv4: {
    forwarding: "0",
    rp_filter: "0",
    accept_local: "0",
    accept_redirects: "1",
    arp_ignore: "0",
    proxy_arp: "0",
  },
  ipv6: { forwarding: "0", disable_ipv6: "0", accept_ra: "1", accept_redirects: "1" },
}
const perNamespace = { "net/ipv4/ip_forward": "0", "net/ipv4/tcp_early_demux": "1" }

const versions = ["ipv4", "ipv6"] as const

function keysOf(link: string): [string, string][] {
  return versions.flatMap((version) =>
    Object.entries(perLink[version]).map(([key, value]): [string, string] => [
      `net/${version}/conf/${link}/${key}`,
      value,
    ]),
  )
}

export const bornSysctls = (): Map<string, string> =>
  new Map([...Object.entries(perNamespace), ...["all", "default", "lo"].flatMap(keysOf)])

export function addLinkSysctls(state: MemoryState, link: string): void {
  for (const [key, value] of keysOf(link)) {
    const initial = state.sysctls.get(key.replace(`/${link}/`, "/default/"))
    state.sysctls.set(key, initial ?? value)
  }
}

export function removeLinkSysctls(state: MemoryState, link: string): void {
  for (const [key] of keysOf(link)) state.sysctls.delete(key)
}

export function renameLinkSysctls(state: MemoryState, from: string, to: string): void {
  for (const [key] of keysOf(from)) {
    const value = state.sysctls.get(key)
    state.sysctls.delete(key)
    if (value !== undefined) state.sysctls.set(key.replace(`/${from}/`, `/${to}/`), value)
  }
}

const pathOf = (key: string) => sysctlPath(key).slice("/proc/sys/".length)

export const readSysctl = (state: MemoryState, key: string): string | undefined =>
  state.sysctls.get(pathOf(key))

const forwardAll = "net/ipv4/conf/all/forwarding"

/** ip_forward is conf.all.forwarding by another name, and writing it sets every link (Documentation/networking/ip-sysctl). */
export function writeSysctl(state: MemoryState, key: string, value: string): void {
  const path = pathOf(key)
  if (!state.sysctls.has(path)) throw new ErrnoError("open", "ENOENT")
  state.sysctls.set(path, value)
  if (path !== "net/ipv4/ip_forward" && path !== forwardAll) return
  for (const known of state.sysctls.keys())
    if (/^net\/ipv4\/(ip_forward|conf\/.*\/forwarding)$/.test(known))
      state.sysctls.set(known, value)
}
