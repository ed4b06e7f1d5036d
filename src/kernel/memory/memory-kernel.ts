import { ErrnoError } from "../errno-error.ts"
import type { Kernel } from "../kernel.ts"
import { refusable } from "../refusal.ts"
import { addLink, removeLink } from "./memory-links.ts"
import { MemoryNamespace, type Refuse } from "./memory-namespace.ts"
import { newState } from "./memory-state.ts"

export interface MemoryKernelOptions {
  /** Makes chosen changes fail. */
  readonly refuse?: Refuse
  /** Kinds of links that it cannot make, such as vlan. */
  readonly lacks?: readonly string[]
  /** `open` makes a namespace that is not there, and forgets empty ones: for a machine on which nothing is wired. */
  readonly openMakes?: boolean
}

/**
 * The twin: a network stack that keeps its books and carries no packet. It answers as Linux does, including what Linux
 * adds and removes by itself, as far as Berth relies on it; kernelCases holds both to the same table.
 */
export function memoryKernel(options: MemoryKernelOptions = {}): Kernel & {
  /** Makes a link appear on the host, as attaching an ENI does. */
  plug(mac: string): void
} {
  const namespaces = new Map<string, MemoryNamespace>()
  let changes = 0
  const make = (path: string) =>
    new MemoryNamespace(
      newState(path),
      (change) => {
        changes += 1
        return options.refuse?.(change, changes)
      },
      options.lacks ?? [],
    )
  const keep = (path: string) => {
    const made = make(path)
    namespaces.set(path, made)
    return made
  }
  const host = make("host")
  return {
    host,
    open(path) {
      const known = namespaces.get(path)
      if (known || !options.openMakes) return known
      for (const [other, { state }] of namespaces)
        if (state.links.length === 1) namespaces.delete(other)
      return keep(path)
    },
    create: (path) =>
      refusable("create namespace", path, () => {
        if (namespaces.has(path)) throw new ErrnoError("create", "EEXIST")
        return keep(path)
      }),
    remove(path) {
      const { state } = namespaces.get(path) ?? {}
      while (state?.links[0]) removeLink(state, state.links[0].name)
      namespaces.delete(path)
    },
    plug(mac) {
      const links = host.state.links
      if (links.some((link) => link.mac === mac.toLowerCase())) return
      const names = new Set(links.map((link) => link.name))
      const free = links.findIndex((_, i) => !names.has(`eth${i}`))
      addLink(host.state, { name: `eth${free}`, mac, mtu: 1500, up: false })
    },
  }
}
