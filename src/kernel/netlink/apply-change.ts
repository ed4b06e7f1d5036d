import { writeFileSync } from "node:fs"
import { fail } from "../../errors/catalogue.ts"
import { describeChange } from "../change-text.ts"
import type { Change, NetNamespace } from "../kernel.ts"
import { sysctlPath } from "../sysctl-path.ts"
import { encodePutAddress, encodeRemoveAddress } from "./address-codec.ts"
import { ErrnoError } from "./libc.ts"
import { encodeDeleteLink, encodeSetLink, encodeVeth } from "./link-codec.ts"
import { encodePutNeighbour, encodeRemoveNeighbour } from "./neighbour-codec.ts"
import { NetlinkRefusal, type NetlinkSocket } from "./netlink-socket.ts"
import { encodePutRoute, encodeRemoveRoute } from "./route-codec.ts"
import { encodePutRule, encodeRemoveRule } from "./rule-codec.ts"

export interface ChangeContext {
  readonly socket: NetlinkSocket
  /** Throws ErrnoError ENODEV for a name that no link has. */
  readonly indexOf: (link: string) => number
  readonly namespaceFd: (namespace: NetNamespace) => number
  readonly enter: <T>(work: () => T) => T
}

/**
 * What the kernel says when there is nothing to remove: no such device, route (ESRCH), rule or neighbour (ENOENT),
 * address (EADDRNOTAVAIL).
 */
const absent = new Set(["ENODEV", "ESRCH", "ENOENT", "EADDRNOTAVAIL"])

function tolerated(change: Change, errno: string): boolean {
  if (change.do === "putRule") return errno === "EEXIST"
  if (change.do === "sysctl") return change.optional === true && errno === "ENOENT"
  return change.do.startsWith("remove") && absent.has(errno)
}

/** Carries out one change; throws kernel/refused. */
export function applyChange(context: ChangeContext, change: Change): void {
  try {
    carryOut(context, change)
  } catch (error) {
    const errno = error instanceof ErrnoError ? error.errno : (error as NodeJS.ErrnoException).code
    if (errno === undefined) throw error
    if (tolerated(change, errno)) return
    const why = error instanceof NetlinkRefusal && error.why ? { why: error.why } : {}
    throw fail("kernel/refused", { ...describeChange(change), errno, ...why }, error)
  }
}

function carryOut(context: ChangeContext, change: Change): void {
  const { socket, indexOf } = context
  switch (change.do) {
    case "addVeth":
      addVeth(context, change)
      return
    case "removeLink":
      socket.change(encodeDeleteLink(change.name))
      return
    case "setLink":
      setLink(context, change)
      return
    case "putAddress":
      socket.change(
        encodePutAddress(indexOf(change.link), change.address, change.noPrefixRoute === true),
      )
      return
    case "removeAddress":
      socket.change(encodeRemoveAddress(indexOf(change.link), change.address))
      return
    case "putRoute":
      socket.change(encodePutRoute(change.route, linkOf(context, change.route.link)))
      return
    case "removeRoute":
      socket.change(encodeRemoveRoute(change.route, linkOf(context, change.route.link)))
      return
    case "putRule":
      socket.change(encodePutRule(change.rule))
      return
    case "removeRule":
      socket.change(encodeRemoveRule(change.rule))
      return
    case "putNeighbour": {
      const { link, address, mac } = change.neighbour
      socket.change(encodePutNeighbour(indexOf(link), address, mac))
      return
    }
    case "removeNeighbour":
      socket.change(encodeRemoveNeighbour(indexOf(change.neighbour.link), change.neighbour.address))
      return
    case "sysctl":
      context.enter(() => writeFileSync(sysctlPath(change.key), change.value))
  }
}

const linkOf = (context: ChangeContext, link: string | undefined) =>
  link === undefined ? undefined : context.indexOf(link)

function addVeth(context: ChangeContext, change: Change & { do: "addVeth" }): void {
  const message = encodeVeth({
    end: { name: change.name, mac: change.mac },
    peer: { name: change.peer.name, mac: change.peer.mac },
    mtu: change.mtu,
    up: change.up === true,
    peerNamespaceFd: context.namespaceFd(change.peer.in),
  })
  context.socket.change(message)
  // The kernel takes an alias only for a link that exists.
  if (change.alias !== undefined)
    context.socket.change(encodeSetLink(context.indexOf(change.name), { alias: change.alias }))
}

function setLink(context: ChangeContext, change: Change & { do: "setLink" }): void {
  const { up, mtu, mac, rename, alias } = change
  const namespaceFd = change.moveTo && context.namespaceFd(change.moveTo)
  context.socket.change(
    encodeSetLink(context.indexOf(change.name), { up, mtu, mac, rename, alias, namespaceFd }),
  )
}
