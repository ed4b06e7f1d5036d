import { closeSync, readFileSync } from "node:fs"
import { errnoOf } from "../errno-error.ts"
import type { Address, Change, Link, Neighbour, NetNamespace, Route, Rule } from "../kernel.ts"
import { carryOut, refusable, refused } from "../refusal.ts"
import { sysctlPath } from "../sysctl-path.ts"
import { decodeAddress, encodeGetAddresses } from "./address-codec.ts"
import { applyChange, type ChangeContext } from "./apply-change.ts"
import {
  decodeLink,
  decodeLinkIndex,
  encodeDeleteGroup,
  encodeGetLink,
  encodeProbe,
  encodeSetLink,
} from "./link-codec.ts"
import { decodeNeighbour, encodeGetNeighbours } from "./neighbour-codec.ts"
import { NetlinkSocket } from "./netlink-socket.ts"
import { readNftTable, runNft } from "./nft.ts"
import { decodeRoute, encodeGetRoutes } from "./route-codec.ts"
import { decodeRule, encodeGetRules } from "./rule-codec.ts"
import type { ThreadNamespace } from "./thread-namespace.ts"

/** A link group that only removeLinks uses ("brth"). */
const doomedGroup = 0x62727468

/** Keeps its netlink socket open, so that only the first use enters the namespace. */
export class NetlinkNamespace implements NetNamespace {
  readonly path: string
  readonly fd: number
  readonly #thread: ThreadNamespace
  readonly #socket: NetlinkSocket
  #closed = false

  /** Takes over `fd`; throws ErrnoError EINVAL when it is not a network namespace. */
  constructor(path: string, fd: number, thread: ThreadNamespace) {
    this.path = path
    this.fd = fd
    this.#thread = thread
    this.#socket = thread.enter(fd, () => new NetlinkSocket())
  }

  links(): Link[] {
    return refusable("list links of", this.path, () =>
      this.#socket.dump(encodeGetLink()).map(decodeLink),
    )
  }

  link(name: string): Link | undefined {
    return refusable("read link", name, () =>
      orAbsent("ENODEV", () => decodeLink(this.#socket.get(encodeGetLink(name)))),
    )
  }

  addresses(link?: string): Address[] {
    const found = refusable("list addresses of", this.path, () => {
      const names = this.#names()
      return this.#socket.dump(encodeGetAddresses()).map((body) => {
        const { index, address } = decodeAddress(body)
        return { link: names.get(index) ?? `#${index}`, address }
      })
    })
    return link === undefined ? found : found.filter((address) => address.link === link)
  }

  routes(table?: number): Route[] {
    const found = refusable("list routes of", this.path, () => {
      const names = this.#names()
      return this.#socket
        .dump(encodeGetRoutes())
        .map((body) => decodeRoute(body, (index) => names.get(index)))
        .filter((route) => route !== undefined)
    })
    return table === undefined ? found : found.filter((route) => route.table === table)
  }

  rules(): Rule[] {
    return refusable("list rules of", this.path, () =>
      this.#socket
        .dump(encodeGetRules())
        .map(decodeRule)
        .filter((rule) => rule !== undefined),
    )
  }

  neighbours(link: string): Neighbour[] {
    const index = this.link(link)?.index
    return refusable("list neighbours of", this.path, () =>
      this.#socket
        .dump(encodeGetNeighbours())
        .map(decodeNeighbour)
        .filter((entry) => entry !== undefined && entry.index === index)
        .map((entry) => ({ link, address: entry!.address, mac: entry!.mac })),
    )
  }

  apply(changes: readonly Change[]): void {
    const indexes = new Map<string, number>()
    const context: ChangeContext = {
      socket: this.#socket,
      indexOf: (name) => {
        const known = indexes.get(name)
        if (known !== undefined) return known
        const index = decodeLinkIndex(this.#socket.get(encodeGetLink(name)))
        indexes.set(name, index)
        return index
      },
      namespaceFd: (namespace) => {
        if (namespace instanceof NetlinkNamespace) return namespace.fd
        throw new TypeError(`${namespace.path} is not a namespace of this kernel`)
      },
      enter: (work) => this.enter(work),
    }
    for (const change of changes) {
      carryOut(change, () => applyChange(context, change))
      if (takesName(change)) indexes.delete(change.name)
    }
  }

  async removeLinks(names: readonly string[]): Promise<void> {
    using socket = this.enter(() => new NetlinkSocket())
    try {
      const marked = names.filter((name) => this.#mark(socket, name))
      if (marked.length === 0) return
      await socket.changeAside(encodeDeleteGroup(doomedGroup))
    } catch (error) {
      // Another removal took the whole group meanwhile.
      if (errnoOf(error) !== "ENODEV") throw refused("remove links", names.join(" "), error)
    }
  }

  supports(kind: "vlan"): boolean {
    try {
      this.#socket.change(encodeProbe(kind))
      return true
    } catch (error) {
      return errnoOf(error) !== "EOPNOTSUPP"
    }
  }

  sysctl(key: string): string | undefined {
    return refusable("read sysctl", key, () =>
      orAbsent("ENOENT", () => this.enter(() => readFileSync(sysctlPath(key), "utf8").trim())),
    )
  }

  nft(script: string): Promise<void> {
    return runNft((work) => this.enter(work), script)
  }

  nftTable(family: string, table: string): Promise<unknown> {
    return readNftTable((work) => this.enter(work), family, table)
  }

  enter<T>(work: () => T): T {
    return this.#thread.enter(this.fd, work)
  }

  /** Puts a link into the group to be removed; false when there is no such link. */
  #mark(socket: NetlinkSocket, name: string): boolean {
    const marked = orAbsent("ENODEV", () => {
      const index = decodeLinkIndex(socket.get(encodeGetLink(name)))
      socket.change(encodeSetLink(index, { group: doomedGroup }))
      return true
    })
    return marked === true
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket[Symbol.dispose]()
    closeSync(this.fd)
  }

  #names(): Map<number, string> {
    const links = this.#socket.dump(encodeGetLink()).map(decodeLink)
    return new Map(links.map((link) => [link.index, link.name]))
  }
}

/** True when the name means another link afterwards, or none. */
const takesName = (change: Change): change is Change & { do: "removeLink" | "setLink" } =>
  change.do === "removeLink" ||
  (change.do === "setLink" && (change.rename !== undefined || change.moveTo !== undefined))

/** The value, or undefined when reading it fails with `errno`. */
function orAbsent<T>(errno: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (errnoOf(error) === errno) return undefined
    throw error
  }
}
