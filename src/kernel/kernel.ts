/**
 * Port to the Linux network stack. Two implementations under one case table: netlink (koffi) and memory.
 * Wiring is planned as data (`Change[]`), so the same plan can be applied, undone, printed and simulated.
 */
export interface Kernel {
  /** The namespace this process runs in. */
  readonly host: NetNamespace
  /** Opens the namespace bound at `path` (/run/netns/NAME, /proc/PID/ns/net); undefined when it is gone. */
  open(path: string): NetNamespace | undefined
  /** Makes a namespace and binds it at `path`, loopback up. */
  create(path: string): NetNamespace
  /** Unbinds and removes; absent is success. */
  remove(path: string): void
  /** Only where no hardware shows attached ENIs: makes the link with this MAC appear on the host. */
  plug?(mac: string): void
}

/**
 * One network namespace. Netlink answers before `send` returns, so reads and changes are synchronous; a thread that
 * has entered another namespace must not yield, and so never awaits.
 */
export interface NetNamespace extends Disposable {
  readonly path: string
  links(): Link[]
  /** By name; undefined when absent. */
  link(name: string): Link | undefined
  addresses(link?: string): Address[]
  /** Of one table, or of all when absent (254 = main). Not what the kernel keeps for local and broadcast addresses. */
  routes(table?: number): Route[]
  /** By priority. Only rules that a Rule can state in full. */
  rules(): Rule[]
  /** The permanent entries; learned ones come and go by themselves. */
  neighbours(link: string): Neighbour[]
  /** Applies in order and stops at the first failure with the catalogue's kernel/refused; earlier changes stay. */
  apply(changes: readonly Change[]): void
  /**
   * Removes links off this thread, all in one go: unregistering a link takes the kernel some 20 ms, ten of them hardly
   * longer. Absent is success.
   */
  removeLinks(names: readonly string[]): Promise<void>
  /** Whether links of this kind can be made: their driver may be missing. */
  supports(kind: "vlan"): boolean
  /** Reads `net.ipv4.conf.all.forwarding` and the like; undefined when the kernel has no such key. */
  sysctl(key: string): string | undefined
  /** One atomic nftables transaction (`nft -f -`). Rejects with kernel/nft and leaves the rules as they were. */
  nft(script: string): Promise<void>
  /** The rule set of one table as `nft -j list table` prints it; undefined when there is no such table. */
  nftTable(family: string, table: string): Promise<unknown>
  /**
   * Runs `work` synchronously inside the namespace: for sockets and child processes that must be born in it. What it
   * starts asynchronously (a DNS lookup, `server.listen(port, host)`) happens outside.
   */
  enter<T>(work: () => T): T
}

export interface Link {
  readonly index: number
  readonly name: string
  readonly mac: string
  readonly mtu: number
  readonly up: boolean
  /** "veth", "vlan", ...; absent for physical links. */
  readonly kind?: string
  /** Free text that `ip link` shows: Berth writes whose link it is. */
  readonly alias?: string
}

export interface Address {
  readonly link: string
  /** Address with prefix length: 10.0.0.5/24. */
  readonly address: string
}

export interface Route {
  /** CIDR; "0.0.0.0/0" is the default route. */
  readonly to: string
  readonly link?: string
  readonly via?: string
  readonly table: number
  readonly scope?: "universe" | "link" | "host"
  readonly source?: string
  readonly metric?: number
  readonly type?: "unicast" | "blackhole" | "unreachable"
}

export interface Rule {
  readonly priority: number
  readonly from?: string
  readonly to?: string
  readonly mark?: { readonly value: number; readonly mask: number }
  readonly incoming?: string
  readonly table: number
}

export interface Neighbour {
  readonly link: string
  readonly address: string
  readonly mac: string
}

/** Links are named, not numbered, so that a plan can be made before they exist. "put" = create or replace. */
export type Change =
  | {
      readonly do: "addVeth"
      readonly name: string
      readonly mac?: string
      readonly mtu: number
      /** This end up from birth, which saves a change. The peer cannot be: a veth opens only when it has a partner. */
      readonly up?: boolean
      readonly peer: { readonly name: string; readonly mac?: string; readonly in: NetNamespace }
    }
  /** On top of `parent`: carries what comes there with the VLAN tag `id` (802.1Q). */
  | {
      readonly do: "addVlan"
      readonly name: string
      readonly parent: string
      readonly id: number
      readonly mac: string
      readonly mtu: number
    }
  /** Absent is success. */
  | { readonly do: "removeLink"; readonly name: string }
  | {
      readonly do: "setLink"
      readonly name: string
      readonly up?: boolean
      readonly mtu?: number
      readonly mac?: string
      readonly rename?: string
      readonly alias?: string
      readonly moveTo?: NetNamespace
    }
  | {
      readonly do: "putAddress"
      readonly link: string
      readonly address: string
      readonly noPrefixRoute?: boolean
    }
  | { readonly do: "removeAddress"; readonly link: string; readonly address: string }
  | { readonly do: "putRoute"; readonly route: Route }
  | { readonly do: "removeRoute"; readonly route: Route }
  | { readonly do: "putRule"; readonly rule: Rule }
  | { readonly do: "removeRule"; readonly rule: Rule }
  | { readonly do: "putNeighbour"; readonly neighbour: Neighbour }
  | { readonly do: "removeNeighbour"; readonly neighbour: Neighbour }
  /** `optional`: a key that this kernel lacks is success. */
  | {
      readonly do: "sysctl"
      readonly key: string
      readonly value: string
      readonly optional?: boolean
    }
