import { blockOf, formatCidr, holds, parseAddress, parseCidr } from "../../vpc/cidr.ts"
import { ErrnoError } from "../errno-error.ts"
import type { Route } from "../kernel.ts"
import { sameRoute } from "../unmet-changes.ts"
import { linkOf, type MemoryAddress, type MemoryState, mainTable } from "./memory-state.ts"

/** Adds the address; the kernel adds the route to its subnet by itself while the link is up. */
export function putAddress(
  state: MemoryState,
  wanted: { readonly link: string; readonly address: string; readonly noPrefixRoute?: boolean },
): void {
  linkOf(state, wanted.link)
  const { link, address, noPrefixRoute = false } = wanted
  if (!parseAddress(partsOf(address).ip)) throw new ErrnoError("address", "EINVAL")
  const others = state.addresses.filter((a) => !(a.link === link && a.address === address))
  state.addresses = [...others, { link, address, noPrefixRoute }]
  state.routes = state.routes.filter(
    (r) => !sameRoute(r, prefixRoute({ link, address, noPrefixRoute })),
  )
  addPrefixRoutes(state, link)
}

/**
 * The kernel removes with an address the routes of main that use it as source (fib_sync_down_addr), and with the last
 * one every route of the link.
 */
export function removeAddress(state: MemoryState, link: string, address: string): void {
  linkOf(state, link)
  const kept = state.addresses.filter((a) => !(a.link === link && a.address === address))
  if (kept.length === state.addresses.length) throw new ErrnoError("address", "EADDRNOTAVAIL")
  state.addresses = kept
  const { ip } = partsOf(address)
  if (!kept.some((a) => partsOf(a.address).ip === ip))
    state.routes = state.routes.filter((r) => r.source !== ip || r.table !== mainTable)
  if (!kept.some((a) => a.link === link)) dropRoutesOf(state, link)
}

/** Routes to the subnets of a link's addresses, as the kernel adds them when a link goes up. */
export function addPrefixRoutes(state: MemoryState, link: string): void {
  if (!linkOf(state, link).up) return
  for (const address of state.addresses) {
    if (address.link !== link || address.noPrefixRoute || partsOf(address.address).length === 32)
      continue
    const route = prefixRoute(address)
    if (!state.routes.some((r) => sameRoute(route, r))) state.routes = [...state.routes, route]
  }
}

export function dropRoutesOf(state: MemoryState, link: string): void {
  state.routes = state.routes.filter((route) => route.link !== link)
}

/** Replaces the route to the same destination with the same metric, as NLM_F_REPLACE does. */
export function putRoute(state: MemoryState, wanted: Route): void {
  if (!parseCidr(wanted.to)) throw new ErrnoError("route", "EINVAL")
  const link = outgoing(state, wanted)
  assertSource(state, wanted)
  const unicast = (wanted.type ?? "unicast") === "unicast"
  const route: Route = {
    ...wanted,
    ...(link !== undefined && { link }),
    scope: wanted.scope ?? (wanted.via || !unicast ? "universe" : "link"),
    type: wanted.type ?? "unicast",
  }
  const replaced = (r: Route) =>
    r.to === route.to && r.table === route.table && (r.metric ?? 0) === (route.metric ?? 0)
  state.routes = [...state.routes.filter((r) => !replaced(r)), route]
}

/** Removes the first route that has all that `wanted` names. */
export function removeRoute(state: MemoryState, wanted: Route): void {
  if (wanted.link !== undefined) linkOf(state, wanted.link)
  const found = state.routes.find((route) =>
    sameRoute({ ...wanted, ...(wanted.type ? {} : { type: route.type ?? "unicast" }) }, route),
  )
  if (!found) throw new ErrnoError("route", "ESRCH")
  state.routes = state.routes.filter((route) => route !== found)
}

/** The link a route leaves by: the one it names, or the one its gateway is on. */
function outgoing(state: MemoryState, route: Route): string | undefined {
  if (route.link !== undefined && !linkOf(state, route.link).up)
    throw new ErrnoError("route", "ENETDOWN")
  if (route.via !== undefined) return linkToGateway(state, route, route.via)
  if (route.link === undefined && (route.type ?? "unicast") === "unicast")
    throw new ErrnoError("route", "ENODEV")
  return route.link
}

/** A gateway must be on a link itself: found by a route of scope link, in the route's own table or in main. */
function linkToGateway(state: MemoryState, route: Route, via: string): string | undefined {
  const gateway = parseAddress(via)
  for (const table of [route.table, mainTable]) {
    const best = state.routes
      .filter((r) => r.table === table && (r.scope === "link" || r.scope === "host"))
      .filter((r) => route.link === undefined || r.link === route.link)
      .map((r) => ({ link: r.link, block: parseCidr(r.to) }))
      .filter(({ block }) => block && gateway !== undefined && holds(block, gateway))
      .reduce<{ link: string | undefined; length: number } | undefined>(
        (longest, { link, block }) =>
          block && block.length > (longest?.length ?? -1)
            ? { link, length: block.length }
            : longest,
        undefined,
      )
    if (best) return best.link
  }
  throw new ErrnoError("route", "ENETUNREACH", "Nexthop has invalid gateway")
}

function assertSource(state: MemoryState, route: Route): void {
  if (route.source === undefined) return
  if (state.addresses.some((a) => partsOf(a.address).ip === route.source)) return
  throw new ErrnoError("route", "EINVAL", "Invalid prefsrc address")
}

function prefixRoute(address: MemoryAddress): Route {
  const { ip, length } = partsOf(address.address)
  const to = formatCidr(blockOf(parseAddress(ip) ?? 0, length))
  return { to, link: address.link, table: mainTable, scope: "link", source: ip, type: "unicast" }
}

function partsOf(address: string): { readonly ip: string; readonly length: number } {
  const [ip = "", length = "32"] = address.split("/")
  return { ip, length: Number(length) }
}
