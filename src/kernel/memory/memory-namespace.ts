import { ErrnoError } from "../errno-error.ts"
import type { Address, Change, Link, Neighbour, NetNamespace, Route, Rule } from "../kernel.ts"
import { carryOut } from "../refusal.ts"
import { sameRule } from "../unmet-changes.ts"
import { addVeth, addVlan, removeLink, setLink } from "./memory-links.ts"
import { applyNft, listNft } from "./memory-nft.ts"
import { putAddress, putRoute, removeAddress, removeRoute } from "./memory-routes.ts"
import { linkOf, type MemoryState } from "./memory-state.ts"
import { readSysctl, writeSysctl } from "./memory-sysctl.ts"

/** Names the errno that `change` is to fail with; `nth` counts all changes of this kernel from 1. */
export type Refuse = (change: Change, nth: number) => string | undefined

/** A namespace of memoryKernel. */
export class MemoryNamespace implements NetNamespace {
  readonly path: string
  readonly state: MemoryState
  readonly #refuse: (change: Change) => string | undefined
  readonly #lacks: readonly string[]

  constructor(
    state: MemoryState,
    refuse: (change: Change) => string | undefined,
    lacks: readonly string[],
  ) {
    this.path = state.path
    this.state = state
    this.#refuse = refuse
    this.#lacks = lacks
  }

  links(): Link[] {
    return this.state.links.map(({ partner: _, ...link }) => link)
  }

  link(name: string): Link | undefined {
    return this.links().find((link) => link.name === name)
  }

  addresses(link?: string): Address[] {
    return this.state.addresses
      .filter((a) => link === undefined || a.link === link)
      .map((a) => ({ link: a.link, address: a.address }))
  }

  routes(table?: number): Route[] {
    return this.state.routes.filter((route) => table === undefined || route.table === table)
  }

  rules(): Rule[] {
    return [...this.state.rules]
  }

  neighbours(link: string): Neighbour[] {
    return this.state.neighbours.filter((neighbour) => neighbour.link === link)
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes)
      carryOut(change, () => {
        const errno = this.#refuse(change)
        if (errno !== undefined) throw new ErrnoError("injected", errno)
        applyChange(this.state, change)
      })
  }

  async removeLinks(names: readonly string[]): Promise<void> {
    this.apply(names.map((name) => ({ do: "removeLink", name })))
  }

  supports(kind: "vlan"): boolean {
    return !this.#lacks.includes(kind)
  }

  sysctl(key: string): string | undefined {
    return readSysctl(this.state, key)
  }

  async nft(script: string): Promise<void> {
    applyNft(this.state, script)
  }

  async nftTable(family: string, table: string): Promise<unknown> {
    return listNft(this.state, family, table)
  }

  enter<T>(work: () => T): T {
    return work()
  }

  [Symbol.dispose](): void {}
}

function stateOf(namespace: NetNamespace): MemoryState {
  if (namespace instanceof MemoryNamespace) return namespace.state
  throw new TypeError(`${namespace.path} is not a namespace of this kernel`)
}

function applyChange(state: MemoryState, change: Change): void {
  switch (change.do) {
    case "addVeth":
      addVeth(state, stateOf(change.peer.in), change)
      break
    case "addVlan":
      addVlan(state, change)
      break
    case "removeLink":
      removeLink(state, change.name)
      break
    case "setLink":
      setLink(state, change, change.moveTo && stateOf(change.moveTo))
      break
    case "putAddress":
      putAddress(state, change)
      break
    case "removeAddress":
      removeAddress(state, change.link, change.address)
      break
    case "putRoute":
      putRoute(state, change.route)
      break
    case "removeRoute":
      removeRoute(state, change.route)
      break
    case "putRule":
      putRule(state, change.rule)
      break
    case "removeRule":
      removeRule(state, change.rule)
      break
    case "putNeighbour":
      putNeighbour(state, change.neighbour)
      break
    case "removeNeighbour":
      removeNeighbour(state, change.neighbour)
      break
    case "sysctl":
      writeSysctl(state, change.key, change.value)
      break
  }
}

/** Rules are kept by priority; those of one priority in the order they came. */
function putRule(state: MemoryState, rule: Rule): void {
  if (state.rules.some((r) => sameRule(r, rule))) return
  const after = state.rules.findIndex((r) => r.priority > rule.priority)
  state.rules = state.rules.toSpliced(after < 0 ? state.rules.length : after, 0, rule)
}

function removeRule(state: MemoryState, rule: Rule): void {
  const at = state.rules.findIndex((r) => sameRule(r, rule))
  if (at < 0) throw new ErrnoError("rule", "ENOENT")
  state.rules = state.rules.toSpliced(at, 1)
}

const sameEntry = (a: Neighbour, b: Neighbour) => a.link === b.link && a.address === b.address

function putNeighbour(state: MemoryState, wanted: Neighbour): void {
  if (!linkOf(state, wanted.link).up) throw new ErrnoError("neighbour", "ENETDOWN")
  state.neighbours = [...state.neighbours.filter((n) => !sameEntry(n, wanted)), wanted]
}

function removeNeighbour(state: MemoryState, wanted: Neighbour): void {
  linkOf(state, wanted.link)
  const kept = state.neighbours.filter((n) => !sameEntry(n, wanted))
  if (kept.length === state.neighbours.length) throw new ErrnoError("neighbour", "ENOENT")
  state.neighbours = kept
}
