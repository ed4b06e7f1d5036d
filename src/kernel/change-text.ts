import type { Change, Route, Rule } from "./kernel.ts"

/** What a change does and to which object, for errors and traces: { operation: "put route", object: "10.0.0.0/16 ..." }. */
export function describeChange(change: Change): {
  readonly operation: string
  readonly object: string
} {
  switch (change.do) {
    case "addVeth":
      return {
        operation: "add veth",
        object: `${change.name} with peer ${change.peer.name} in ${change.peer.in.path}`,
      }
    case "addVlan":
      return {
        operation: "add vlan",
        object: `${change.name} with id ${change.id} on ${change.parent}`,
      }
    case "removeLink":
      return { operation: "remove link", object: change.name }
    case "setLink":
      return { operation: "set link", object: change.name }
    case "putAddress":
      return { operation: "put address", object: `${change.address} on ${change.link}` }
    case "removeAddress":
      return { operation: "remove address", object: `${change.address} from ${change.link}` }
    case "putRoute":
      return { operation: "put route", object: routeText(change.route) }
    case "removeRoute":
      return { operation: "remove route", object: routeText(change.route) }
    case "putRule":
      return { operation: "put rule", object: ruleText(change.rule) }
    case "removeRule":
      return { operation: "remove rule", object: ruleText(change.rule) }
    case "putNeighbour":
      return { operation: "put neighbour", object: neighbourText(change.neighbour) }
    case "removeNeighbour":
      return { operation: "remove neighbour", object: neighbourText(change.neighbour) }
    case "sysctl":
      return { operation: "set sysctl", object: `${change.key}=${change.value}` }
  }
}

/** As `ip route` prints it. */
export function routeText(route: Route): string {
  return [
    route.type && route.type !== "unicast" ? route.type : "",
    route.to === "0.0.0.0/0" ? "default" : route.to,
    route.via ? `via ${route.via}` : "",
    route.link ? `dev ${route.link}` : "",
    route.table === 254 ? "" : `table ${route.table}`,
  ]
    .filter(Boolean)
    .join(" ")
}

/** As `ip rule` prints it. */
export function ruleText(rule: Rule): string {
  const hex = (value: number) => `0x${value.toString(16)}`
  return [
    `${rule.priority}:`,
    `from ${rule.from ?? "all"}`,
    rule.to ? `to ${rule.to}` : "",
    rule.mark ? `fwmark ${hex(rule.mark.value)}/${hex(rule.mark.mask)}` : "",
    rule.incoming ? `iif ${rule.incoming}` : "",
    `lookup ${rule.table === 254 ? "main" : rule.table}`,
  ]
    .filter(Boolean)
    .join(" ")
}

const neighbourText = (n: { address: string; mac: string; link: string }) =>
  `${n.address} at ${n.mac} on ${n.link}`
