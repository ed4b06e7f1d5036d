import type { Address, Change, Link, Neighbour, NetNamespace, Route, Rule } from "./kernel.ts"

/** What a namespace holds; each table is read when first asked for. */
export interface NamespaceState {
  links(): ReadonlyMap<string, Link>
  addresses(): readonly Address[]
  routes(): readonly Route[]
  rules(): readonly Rule[]
  neighbours(link: string): readonly Neighbour[]
  sysctl(key: string): string | undefined
}

/** Reads each table of the namespace at most once, however many plans are compared with it. */
export function namespaceState(namespace: NetNamespace): NamespaceState {
  const neighbours = new Map<string, readonly Neighbour[]>()
  return {
    links: once(() => new Map(namespace.links().map((link) => [link.name, link]))),
    addresses: once(() => namespace.addresses()),
    routes: once(() => namespace.routes()),
    rules: once(() => namespace.rules()),
    neighbours(link) {
      const known = neighbours.get(link) ?? namespace.neighbours(link)
      neighbours.set(link, known)
      return known
    },
    sysctl: (key) => namespace.sysctl(key),
  }
}

function once<T>(read: () => T): () => T {
  let known: { readonly value: T } | undefined
  return () => {
    known ??= { value: read() }
    return known.value
  }
}

/**
 * The changes whose effect the namespace does not show: what a plan still lacks, or what something else undid. For a
 * plan, applying them is the repair; for its undo, they are what is left over. Cost: one reading of each table.
 */
export const unmetChanges = (state: NamespaceState, changes: readonly Change[]): Change[] =>
  changes.filter((change) => !isMet(state, change))

function isMet(state: NamespaceState, change: Change): boolean {
  switch (change.do) {
    case "addVeth":
    case "addVlan":
      return linkMeets(state.links().get(change.name), change)
    case "removeLink":
      return !state.links().has(change.name)
    case "setLink":
      return linkMeets(state.links().get(change.rename ?? change.name), change)
    case "putAddress":
      return hasAddress(state, change)
    case "removeAddress":
      return !hasAddress(state, change)
    case "putRoute":
      return state.routes().some((route) => sameRoute(change.route, route))
    case "removeRoute":
      return !state.routes().some((route) => sameRoute(change.route, route))
    case "putRule":
      return state.rules().some((rule) => sameRule(change.rule, rule))
    case "removeRule":
      return !state.rules().some((rule) => sameRule(change.rule, rule))
    case "putNeighbour":
      return hasNeighbour(state, change.neighbour)
    case "removeNeighbour":
      return !state
        .neighbours(change.neighbour.link)
        .some((neighbour) => neighbour.address === change.neighbour.address)
    case "sysctl": {
      const value = state.sysctl(change.key)
      return value === change.value || (value === undefined && change.optional === true)
    }
  }
}

function linkMeets(
  link: Link | undefined,
  wanted: { up?: boolean; mtu?: number; mac?: string; alias?: string },
): boolean {
  return (
    link !== undefined &&
    (wanted.up ?? link.up) === link.up &&
    (wanted.mtu ?? link.mtu) === link.mtu &&
    (wanted.mac ?? link.mac) === link.mac &&
    (wanted.alias ?? link.alias) === link.alias
  )
}

const hasAddress = (state: NamespaceState, wanted: Address) =>
  state.addresses().some((a) => a.link === wanted.link && a.address === wanted.address)

const hasNeighbour = (state: NamespaceState, wanted: Neighbour) =>
  state.neighbours(wanted.link).some((n) => n.address === wanted.address && n.mac === wanted.mac)

/** True when `route` is what `wanted` asks for: members that `wanted` leaves open are the kernel's to choose. */
export const sameRoute = (wanted: Route, route: Route): boolean =>
  route.to === wanted.to &&
  route.table === wanted.table &&
  (wanted.link ?? route.link) === route.link &&
  (wanted.via ?? route.via) === route.via &&
  (wanted.source ?? route.source) === route.source &&
  (wanted.metric ?? route.metric) === route.metric &&
  (wanted.scope ?? route.scope) === route.scope &&
  (wanted.type ?? "unicast") === (route.type ?? "unicast")

export const sameRule = (a: Rule, b: Rule): boolean =>
  a.priority === b.priority &&
  a.table === b.table &&
  a.from === b.from &&
  a.to === b.to &&
  a.incoming === b.incoming &&
  a.mark?.value === b.mark?.value &&
  a.mark?.mask === b.mark?.mask
