import type { Route } from "../kernel.ts"
import {
  bootProtocol,
  family,
  largestTableInHeader,
  messageFlag,
  messageType,
  routeAttribute,
  routeScope,
  routeType,
} from "./constants.ts"
import { MessageWriter, readAttributes } from "./message.ts"
import { ipv4Bytes, ipv4Text, prefixOf, prefixText } from "./notation.ts"

type Scope = NonNullable<Route["scope"]>
type Type = NonNullable<Route["type"]>

const scopeName = new Map<number, Scope>([
  [routeScope.universe, "universe"],
  [routeScope.link, "link"],
  [routeScope.host, "host"],
])
const typeName = new Map<number, Type>([
  [routeType.unicast, "unicast"],
  [routeType.blackhole, "blackhole"],
  [routeType.unreachable, "unreachable"],
])

/** As `ip route add` decides: a route without a gateway reaches only what is on its link. */
function scopeOf(route: Route): number {
  if (route.scope) return routeScope[route.scope]
  return route.via || (route.type ?? "unicast") !== "unicast"
    ? routeScope.universe
    : routeScope.link
}

interface RouteBody {
  readonly route: Route
  readonly linkIndex: number | undefined
  readonly protocol: number
  readonly scope: number
  readonly type: number
}

/** struct rtmsg, then attributes. */
function routeBody(message: MessageWriter, b: RouteBody): MessageWriter {
  const { bytes, length } = prefixOf(b.route.to)
  const { table } = b.route
  const inHeader = table <= largestTableInHeader
  message.u8(family.ipv4, length, 0, 0, inHeader ? table : 0, b.protocol, b.scope, b.type).u32(0)
  if (!inHeader) message.attributeU32(routeAttribute.table, table)
  if (length > 0) message.attribute(routeAttribute.destination, bytes)
  if (b.linkIndex !== undefined) message.attributeU32(routeAttribute.outgoing, b.linkIndex)
  if (b.route.via) message.attribute(routeAttribute.gateway, ipv4Bytes(b.route.via))
  if (b.route.source) message.attribute(routeAttribute.preferredSource, ipv4Bytes(b.route.source))
  if (b.route.metric !== undefined) message.attributeU32(routeAttribute.metric, b.route.metric)
  return message
}

export function encodePutRoute(route: Route, linkIndex: number | undefined): MessageWriter {
  const flags = messageFlag.acknowledge | messageFlag.create | messageFlag.replace
  return routeBody(new MessageWriter(messageType.newRoute, flags), {
    route,
    linkIndex,
    protocol: bootProtocol,
    scope: scopeOf(route),
    type: routeType[route.type ?? "unicast"],
  })
}

/** What the route leaves open matches anything: scope "nowhere", type and protocol 0 (net/ipv4/fib_trie.c). */
export function encodeRemoveRoute(route: Route, linkIndex: number | undefined): MessageWriter {
  const message = new MessageWriter(messageType.deleteRoute, messageFlag.acknowledge)
  const scope = route.scope ? routeScope[route.scope] : routeScope.nowhere
  const type = route.type ? routeType[route.type] : 0
  return routeBody(message, { route, linkIndex, protocol: 0, scope, type })
}

export const encodeGetRoutes = (): MessageWriter =>
  new MessageWriter(messageType.getRoute, messageFlag.dump)
    .u8(family.ipv4, 0, 0, 0, 0, 0, 0, 0)
    .u32(0)

/** Undefined for what the kernel keeps for itself: local, broadcast and multicast routes, cached clones. */
export function decodeRoute(
  body: Buffer,
  linkName: (index: number) => string | undefined,
): Route | undefined {
  const type = typeName.get(body.readUInt8(7))
  const scope = scopeName.get(body.readUInt8(6))
  if (!type || !scope) return undefined
  const attributes = readAttributes(body.subarray(12))
  const outgoing = attributes.get(routeAttribute.outgoing)?.readUInt32LE()
  const link = outgoing === undefined ? undefined : linkName(outgoing)
  const via = attributes.get(routeAttribute.gateway)
  const source = attributes.get(routeAttribute.preferredSource)
  const metric = attributes.get(routeAttribute.metric)?.readUInt32LE()
  return {
    to: prefixText(attributes.get(routeAttribute.destination), body.readUInt8(1)),
    ...(link !== undefined && { link }),
    ...(via && { via: ipv4Text(via) }),
    table: attributes.get(routeAttribute.table)?.readUInt32LE() ?? body.readUInt8(4),
    scope,
    ...(source && { source: ipv4Text(source) }),
    ...(metric !== undefined && { metric }),
    type,
  }
}
