import { writeFileSync } from "node:fs"
import type { Change, NetNamespace } from "../kernel.ts"
import { sysctlPath } from "../sysctl-path.ts"
import { encodePutAddress, encodeRemoveAddress } from "./address-codec.ts"
import { encodeDeleteLink, encodeSetLink, encodeVeth, encodeVlan } from "./link-codec.ts"
import { encodePutNeighbour, encodeRemoveNeighbour } from "./neighbour-codec.ts"
import type { NetlinkSocket } from "./netlink-socket.ts"
import { encodePutRoute, encodeRemoveRoute } from "./route-codec.ts"
import { encodePutRule, encodeRemoveRule } from "./rule-codec.ts"

export interface ChangeContext {
  readonly socket: NetlinkSocket
  /** Throws ErrnoError ENODEV for a name that no link has. */
  readonly indexOf: (link: string) => number
  readonly namespaceFd: (namespace: NetNamespace) => number
  readonly enter: <T>(work: () => T) => T
}

/** Carries out one change; throws what `carryOut` of refusal.ts understands. */
export function applyChange(context: ChangeContext, change: Change): void {
  const { socket, indexOf } = context
  switch (change.do) {
    case "addVeth":
      addVeth(context, change)
      return
    case "addVlan":
      socket.change(encodeVlan({ ...change, parent: indexOf(change.parent) }))
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
  context.socket.change(
    encodeVeth({
      end: { name: change.name, mac: change.mac },
      peer: { name: change.peer.name, mac: change.peer.mac },
      mtu: change.mtu,
      up: change.up === true,
      peerNamespaceFd: context.namespaceFd(change.peer.in),
    }),
  )
}

function setLink(context: ChangeContext, change: Change & { do: "setLink" }): void {
  const { up, mtu, mac, rename, alias } = change
  const namespaceFd = change.moveTo && context.namespaceFd(change.moveTo)
  context.socket.change(
    encodeSetLink(context.indexOf(change.name), { up, mtu, mac, rename, alias, namespaceFd }),
  )
}
