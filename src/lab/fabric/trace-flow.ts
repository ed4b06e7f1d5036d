import { awsAddress, internetAddress, onPremises } from "./addresses.ts"
import { matchOf } from "./permission.ts"
import {
  blocksOf,
  cidrOf,
  type FabricInterface,
  type FabricRoute,
  type FabricRule,
  type VpcView,
  within,
} from "./vpc-view.ts"

/** The first packet of a connection. */
export interface Flow {
  readonly source: string
  readonly destination: string
  readonly protocol: "tcp" | "udp" | "icmp"
  /** Destination port; not for icmp, which stands for an echo request. */
  readonly port?: number
  /** The interface it leaves by; default: the one that owns the source. */
  readonly from?: string
}

export type Trace =
  | {
      readonly delivered: true
      /** An interface's id, "aws", "internet" or "on-premises". */
      readonly to: string
      /** The source address that the receiver sees. */
      readonly sourceSeen: string
      /** What it passed: "nat-gateway nat-0abc". */
      readonly via: string
      readonly steps: readonly string[]
    }
  | { readonly delivered: false; readonly dropped: Drop; readonly steps: readonly string[] }

export type Drop =
  | "unknown-interface"
  | "foreign-source"
  | "denied-out"
  | "denied-in"
  | "unknown-destination"
  | "no-route"
  | "no-public-address"

/** Follows a packet through the VPC by the same facts that the wired fabric is made of. */
export function traceFlow(view: VpcView, flow: Flow): Trace {
  const steps: string[] = []
  const drop = (dropped: Drop, why: string): Trace => {
    steps.push(why)
    return { delivered: false, dropped, steps }
  }
  const sender = senderOf(view, flow)
  if (sender === undefined) return arriveFromOutside(view, flow, steps)
  steps.push(`leaves by ${sender.id}`)
  if (sender.sourceDestCheck && !owns(sender, flow.source))
    return drop("foreign-source", `${sender.id} does not own ${flow.source} (source check)`)
  const exit = exitOf(view, sender, flow.destination)
  if ("dropped" in exit) return drop(exit.dropped, exit.why)
  const free = exit.to === "aws" && sender.deviceIndex === 0
  if (
    !free &&
    !permits(view, { own: sender, peer: exit.eni, address: flow.destination, out: true, flow })
  )
    return drop("denied-out", `no egress rule of ${sender.groups.join(", ")} permits it`)
  if (
    exit.eni &&
    !permits(view, { own: exit.eni, peer: sender, address: flow.source, out: false, flow })
  )
    return drop("denied-in", `no ingress rule of ${exit.eni.groups.join(", ")} permits it`)
  const sourceSeen =
    exit.nat ?? (exit.internetGateway ? sender.publicAddresses[flow.source] : flow.source)
  if (sourceSeen === undefined)
    return drop(
      "no-public-address",
      `${flow.source} has no public address for the internet gateway`,
    )
  steps.push(`arrives at ${exit.to} from ${sourceSeen} via ${exit.via}`)
  return { delivered: true, to: exit.to, sourceSeen, via: exit.via, steps }
}

const owns = (eni: FabricInterface, address: string) =>
  blocksOf(eni).some((block) => within(block, address))

const ownerOf = (view: VpcView, address: string) =>
  view.interfaces.find((eni) => owns(eni, address))

const senderOf = (view: VpcView, flow: Flow) =>
  flow.from === undefined
    ? ownerOf(view, flow.source)
    : view.interfaces.find((eni) => eni.id === flow.from)

/** A host outside speaks first: to an elastic address from the internet, to any address from the network on premises. */
function arriveFromOutside(view: VpcView, flow: Flow, steps: string[]): Trace {
  const fromInternet = flow.source === internetAddress
  if (!fromInternet && !within(onPremises.cidr, flow.source))
    return { delivered: false, dropped: "unknown-interface", steps: [`nobody has ${flow.source}`] }
  const elastic = view.interfaces.flatMap((eni) => Object.entries(eni.publicAddresses))
  const destination = fromInternet
    ? elastic.find(([, address]) => address === flow.destination)?.[0]
    : flow.destination
  const eni = destination === undefined ? undefined : ownerOf(view, destination)
  if (!eni) return { delivered: false, dropped: "unknown-destination", steps }
  if (!permits(view, { own: eni, peer: undefined, address: flow.source, out: false, flow }))
    return { delivered: false, dropped: "denied-in", steps }
  const via = fromInternet ? "internet-gateway" : "transit-gateway"
  return { delivered: true, to: eni.id, sourceSeen: flow.source, via, steps }
}

interface Exit {
  readonly to: string
  readonly via: string
  readonly eni?: FabricInterface
  readonly nat?: string
  readonly internetGateway?: boolean
}

function exitOf(
  view: VpcView,
  sender: FabricInterface,
  destination: string,
): Exit | { readonly dropped: Drop; readonly why: string } {
  if (destination === awsAddress) return { to: "aws", via: "local" }
  const eni = ownerOf(view, destination)
  if (eni) return { to: eni.id, via: "local", eni }
  if (view.cidrs.some((cidr) => within(cidr, destination)))
    return { dropped: "unknown-destination", why: `no interface has ${destination}` }
  const route = bestRoute(view, sender.subnetId, destination)
  if (!route)
    return { dropped: "no-route", why: `${sender.subnetId} has no route to ${destination}` }
  return outsideOf(view, route, destination)
}

function bestRoute(view: VpcView, subnetId: string, destination: string): FabricRoute | undefined {
  const routes = view.subnets.find((subnet) => subnet.id === subnetId)?.routes ?? []
  return routes
    .filter((route) => within(route.to, destination))
    .sort((a, b) => cidrOf(b.to).length - cidrOf(a.to).length)[0]
}

function outsideOf(
  view: VpcView,
  route: FabricRoute,
  destination: string,
): ReturnType<typeof exitOf> {
  if (route.target === "interface") {
    const eni = view.interfaces.find((i) => i.id === route.id)
    return eni && !eni.sourceDestCheck
      ? { to: eni.id, via: "local", eni }
      : { dropped: "no-route", why: `${route.id} does not forward (source/destination check)` }
  }
  const toInternet =
    route.target === "internet-gateway" || (route.target === "nat-gateway" && route.public)
  const there = toInternet ? internetAddress : onPremises.address
  if (destination !== there)
    return { dropped: "unknown-destination", why: `nobody answers at ${destination}` }
  const to = toInternet ? "internet" : "on-premises"
  if (route.target === "nat-gateway")
    return { to, via: `nat-gateway ${route.id}`, nat: route.address }
  return route.target === "internet-gateway"
    ? { to, via: "internet-gateway", internetGateway: true }
    : { to, via: "transit-gateway" }
}

interface Question {
  readonly own: FabricInterface
  /** The interface at the other end, when the VPC knows it. */
  readonly peer: FabricInterface | undefined
  readonly address: string
  readonly out: boolean
  readonly flow: Flow
}

const permits = (view: VpcView, question: Question): boolean =>
  view.groups
    .filter((group) => question.own.groups.includes(group.id))
    .flatMap((group) => group.rules)
    .some(
      (rule) =>
        rule.egress === question.out &&
        permitsPeer(view, rule, question) &&
        permitsPacket(rule, question.flow),
    )

const permitsPeer = (view: VpcView, rule: FabricRule, { peer, address }: Question): boolean =>
  rule.cidr !== undefined
    ? within(rule.cidr, address)
    : rule.groupId !== undefined &&
      view.groups.some((group) => group.id === rule.groupId) &&
      (peer?.groups.includes(rule.groupId) ?? false)

function permitsPacket(rule: FabricRule, flow: Flow): boolean {
  const match = matchOf(rule)
  if (match === undefined) return false
  if (match.protocol === "all") return true
  if (match.protocol !== flow.protocol) return false
  if (match.protocol === "icmp")
    return match.type === undefined || (match.type === 8 && (match.code ?? 0) === 0)
  if (match.protocol === "tcp" || match.protocol === "udp") {
    const port = flow.port ?? 0
    return match.ports === undefined || (port >= match.ports[0] && port <= match.ports[1])
  }
  return false
}
