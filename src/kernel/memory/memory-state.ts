import { ErrnoError } from "../errno-error.ts"
import type { Address, Link, Neighbour, Route, Rule } from "../kernel.ts"
import { bornSysctls } from "./memory-sysctl.ts"

export const mainTable = 254

/** A link, and where its partner is. Replaced on change, so that readers keep what they were given. */
export interface MemoryLink extends Link {
  readonly partner?: { readonly state: MemoryState; readonly index: number }
}

export interface MemoryAddress extends Address {
  readonly noPrefixRoute: boolean
}

/** Everything one network namespace holds. */
export interface MemoryState {
  readonly path: string
  links: readonly MemoryLink[]
  addresses: readonly MemoryAddress[]
  routes: readonly Route[]
  rules: readonly Rule[]
  neighbours: readonly Neighbour[]
  readonly sysctls: Map<string, string>
  /** nftables scripts by "family table". */
  readonly nft: Map<string, string>
  lastIndex: number
}

/** A namespace as the kernel makes it: loopback, and the three rules that every namespace begins with. */
export function newState(path: string): MemoryState {
  const lo = { index: 1, name: "lo", mac: "00:00:00:00:00:00", mtu: 65536, up: true }
  return {
    path,
    links: [lo],
    addresses: [{ link: "lo", address: "127.0.0.1/8", noPrefixRoute: true }],
    routes: [],
    rules: [
      { priority: 0, table: 255 },
      { priority: 32766, table: mainTable },
      { priority: 32767, table: 253 },
    ],
    neighbours: [],
    sysctls: bornSysctls(),
    nft: new Map(),
    lastIndex: 1,
  }
}

export function linkOf(state: MemoryState, name: string): MemoryLink {
  const link = state.links.find((l) => l.name === name)
  if (!link) throw new ErrnoError("link", "ENODEV")
  return link
}
