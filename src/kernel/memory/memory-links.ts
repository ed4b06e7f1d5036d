import { ErrnoError } from "../errno-error.ts"
import type { Change } from "../kernel.ts"
import { addPrefixRoutes, dropRoutesOf } from "./memory-routes.ts"
import { linkOf, type MemoryLink, type MemoryState } from "./memory-state.ts"
import { addLinkSysctls, removeLinkSysctls, renameLinkSysctls } from "./memory-sysctl.ts"

/** IFNAMSIZ minus the closing zero. */
const longestName = 15
/** veth's limits (drivers/net/veth.c: min_mtu, max_mtu). */
const smallestMtu = 68
const largestMtu = 65535

const randomMac = (seed: number) =>
  `02:00:00:${[16, 8, 0].map((shift) => ((seed >> shift) & 255).toString(16).padStart(2, "0")).join(":")}`

let macs = 0

/** Adds a link without a partner: what plugging in an ENI does. */
export function addLink(
  state: MemoryState,
  link: Omit<MemoryLink, "index" | "mac"> & { readonly mac?: string | undefined },
): MemoryLink {
  assertName(state, link.name)
  assertMtu(link.mtu)
  state.lastIndex += 1
  macs += 1
  const added = { ...link, index: state.lastIndex, mac: link.mac?.toLowerCase() ?? randomMac(macs) }
  state.links = [...state.links, added]
  addLinkSysctls(state, link.name)
  return added
}

export function addVeth(state: MemoryState, peer: MemoryState, change: Change & { do: "addVeth" }) {
  const { name, mtu, mac, up = false } = change
  assertName(state, name)
  assertName(peer, change.peer.name)
  if (state === peer && name === change.peer.name) throw new ErrnoError("veth", "EEXIST")
  const common = { mtu, kind: "veth" }
  const far = addLink(peer, { ...common, name: change.peer.name, mac: change.peer.mac, up: false })
  const near = addLink(state, { ...common, name, mac, up })
  join(state, near, { state: peer, index: far.index })
  join(peer, far, { state, index: near.index })
}

export function addVlan(state: MemoryState, change: Change & { do: "addVlan" }): void {
  const { name, parent, mac, mtu } = change
  linkOf(state, parent)
  addLink(state, { name, mac, mtu, up: false, kind: "vlan" })
}

/** Removes a link, what hangs on it, and its partner. */
export function removeLink(state: MemoryState, name: string): void {
  const { partner } = linkOf(state, name)
  forget(state, name)
  const far = partner?.state.links.find((link) => link.index === partner.index)
  if (partner && far) forget(partner.state, far.name)
}

export function setLink(
  state: MemoryState,
  change: Change & { do: "setLink" },
  target: MemoryState | undefined,
): void {
  const link = linkOf(state, change.name)
  const name = change.rename ?? link.name
  const home = target ?? state
  if (change.mtu !== undefined) assertMtu(change.mtu)
  if (home !== state) move(state, link, home)
  // Linux renames after the move: when the new name is taken, the link has moved under its old one all the same.
  if (name !== link.name) rename(home, link.name, name)
  const up = change.up ?? (home === state && link.up)
  const { mtu = link.mtu, mac = link.mac, alias = link.alias } = change
  replace(home, linkOf(home, name), { name, mtu, mac, up, ...(alias !== undefined && { alias }) })
  if (up && !link.up) addPrefixRoutes(home, name)
  if (!up && link.up) dropRoutesOf(home, name)
  if (!up && link.up) home.neighbours = home.neighbours.filter((n) => n.link !== name)
}

function assertName(state: MemoryState, name: string): void {
  if (name === "" || name.length > longestName) throw new ErrnoError("link", "EINVAL")
  if (state.links.some((link) => link.name === name)) throw new ErrnoError("link", "EEXIST")
}

function assertMtu(mtu: number): void {
  if (mtu < smallestMtu || mtu > largestMtu) throw new ErrnoError("mtu", "EINVAL")
}

function join(state: MemoryState, link: MemoryLink, partner: MemoryLink["partner"]): void {
  if (partner) replace(state, link, { partner })
}

function replace(state: MemoryState, link: MemoryLink, change: Partial<MemoryLink>): void {
  state.links = state.links.map((l) => (l.index === link.index ? { ...l, ...change } : l))
}

/** Across namespaces a link keeps name, MAC, MTU and alias, and loses all that hung on it; it may get another index. */
function move(from: MemoryState, link: MemoryLink, to: MemoryState): void {
  assertName(to, link.name)
  forget(from, link.name)
  const { partner } = link
  const moved = addLink(to, { ...link, up: false })
  const far = partner?.state.links.find((l) => l.index === partner.index)
  if (partner && far) replace(partner.state, far, { partner: { state: to, index: moved.index } })
}

function rename(state: MemoryState, from: string, to: string): void {
  assertName(state, to)
  const named = <T extends { readonly link?: string }>(items: readonly T[]) =>
    items.map((item) => (item.link === from ? { ...item, link: to } : item))
  replace(state, linkOf(state, from), { name: to })
  state.addresses = named(state.addresses)
  state.routes = named(state.routes)
  state.neighbours = named(state.neighbours)
  renameLinkSysctls(state, from, to)
}

function forget(state: MemoryState, name: string): void {
  state.links = state.links.filter((link) => link.name !== name)
  state.addresses = state.addresses.filter((address) => address.link !== name)
  state.neighbours = state.neighbours.filter((neighbour) => neighbour.link !== name)
  dropRoutesOf(state, name)
  removeLinkSysctls(state, name)
}
