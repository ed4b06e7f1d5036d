import type { FleetStatus, NodeRow, SubnetRow } from "../fleet/status/fleet-status.ts"
import type { PoolRow, ZoneRow } from "../fleet/status/summaries.ts"
import { fillBar } from "./fill-bar.ts"
import { shortNames } from "./short-names.ts"
import { table } from "./table.ts"
import type { Terminal } from "./terminal.ts"
import { wrap } from "./wrap.ts"

const troubleMost = 20
const nodesMost = 30
const narrowBar = 5
const wideBar = 10
/** Columns from which a wide bar fits. */
const wide = 100

/** The status for people: trouble first, then subnets by how full they are, then nodes that need a look. */
export function statusPage(status: FleetStatus, terminal: Terminal, all: boolean): string {
  const networking = `custom networking ${status.customNetworking ? "on" : "off"}`
  const head = `${status.cluster}: ${status.plugin}, ${networking}, as of ${status.takenAt}`
  const out = [`${wrap(head, terminal.width, "  ")}\n`]
  const missed = status.unread.filter((u) => read.test(u.what))
  const complete = missed.length === 0
  out.push(...troubleLines(status, terminal, { all, complete }), ...unreadLines(missed, terminal))
  if (status.zones.length > 0) out.push("\n", zoneTable(status.zones, terminal))
  if (status.pools.length > 0) out.push("\n", poolTable(status.pools, terminal))
  if (status.subnets.length > 0) out.push("\n", subnetTable(status.subnets, terminal))
  const nodes = status.nodes.slice(0, all ? undefined : nodesMost)
  if (nodes.length > 0) out.push("\n", nodeTable(nodes, terminal))
  if (!all) out.push(more(status.nodes.length - nodesMost, "nodes"))
  return out.join("")
}

/** What this page is made from; the doctor reads more, and names it when it is missing. */
const read =
  /^(?:AWS|nodes|pods|daemonsets|eniconfigs|subnetpools|nodenetworks|ec2:Describe(?:Inst|Subn|NetworkI))/

/** Readings that failed for the same reason share a line: one missing permission would fill a screen. */
function unreadLines(missed: FleetStatus["unread"], { paint, width }: Terminal): string[] {
  return [...Map.groupBy(missed, (u) => u.why)].map(([why, same]) => {
    const line = `not read: ${same.map((u) => u.what).join(", ")}: ${why}`
    return `${paint("yellow", "?")} ${wrap(line, rest(width), "  ")}\n`
  })
}

/** What is left of a line after its mark. */
const rest = (width: number | undefined) => width && width - 2

function troubleLines(
  { trouble }: FleetStatus,
  { paint, width }: Terminal,
  { all, complete }: { all: boolean; complete: boolean },
): string[] {
  if (trouble.length === 0)
    return [
      complete
        ? `${paint("green", "No trouble found.")}\n`
        : "No trouble found in what was read.\n",
    ]
  const lines = trouble
    .slice(0, all ? undefined : troubleMost)
    .map((t) => `${paint("red", "!")} ${wrap(`${t.object}: ${t.what}`, rest(width), "  ")}\n`)
  const hidden = all ? "" : more(trouble.length - troubleMost, "troubles")
  return [...lines, hidden, "What proves it, and the command that mends it: berth doctor\n"]
}

/** How full, in the colour of how bad that is. */
function fill(total: number, free: number, { paint, width }: Terminal): string {
  // Nothing is known of a pool that nobody has looked at.
  if (total <= 0) return "-"
  const full = (total - free) / total
  const colour = full >= 0.9 ? "red" : full >= 0.7 ? "yellow" : "green"
  return paint(colour, fillBar(full, (width ?? wide) >= wide ? wideBar : narrowBar))
}

function zoneTable(zones: readonly ZoneRow[], terminal: Terminal): string {
  const { paint, width } = terminal
  const rows = zones.map((z) => [
    z.zone,
    String(z.nodes),
    `${z.used}/${z.addresses}`,
    fill(z.total, z.free, terminal),
    `${z.free}/${z.total}`,
    z.stuck > 0
      ? paint("red", `${z.stuck} stuck`)
      : z.converging > 0
        ? paint("yellow", `${z.converging} converging`)
        : paint("green", "converged"),
  ])
  return table(["ZONE", "NODES", "IN USE", "FILL", "FREE", "STATE"], rows, width)
}

function poolTable(pools: readonly PoolRow[], terminal: Terminal): string {
  const { paint, width } = terminal
  const rows = pools.map((p) => [
    p.pool,
    fill(p.total, p.free, terminal),
    `${p.free}/${p.total}`,
    String(p.nodes),
    p.waiting > 0 ? `${p.pods}, ${paint("red", `${p.waiting} wait`)}` : String(p.pods),
    p.daysToFull === undefined ? "-" : `${Math.ceil(p.daysToFull)} d`,
    paint(p.ready ? "green" : p.total > 0 ? "red" : "yellow", p.reason),
  ])
  return table(["POOL", "FILL", "FREE", "NODES", "PODS", "FULL IN", "STATE"], rows, width)
}

const bare = (object: string) => object.slice(object.indexOf("/") + 1)

function subnetTable(subnets: readonly SubnetRow[], terminal: Terminal): string {
  const prefixes = subnets.some((s) => s.freePrefixes !== undefined)
  const rows = subnets.map((s) => [
    ...[s.subnet, s.zone, s.cidr, fill(s.total, s.free, terminal), `${s.free}/${s.total}`],
    ...(prefixes ? [String(s.freePrefixes ?? "-")] : []),
    s.usedBy.map(bare).join(","),
  ])
  const heads = ["SUBNET", "ZONE", "CIDR", "FILL", "FREE", ...(prefixes ? ["/28"] : []), "USED BY"]
  return table(heads, rows, terminal.width)
}

function nodeTable(nodes: readonly NodeRow[], { paint, width }: Terminal): string {
  const short = shortNames(nodes.map((n) => n.node))
  const rows = nodes.map((n) => [
    short(n.node),
    n.zone,
    bare(n.placement),
    `${n.used}/${n.addresses}`,
    n.prefixes > 0 ? String(n.prefixes) : "-",
    `${n.pods}/${n.maxPods ?? "?"}`,
    n.stuck > 0
      ? paint("red", `${n.stuck} stuck`)
      : n.converged
        ? paint("green", "converged")
        : paint("yellow", "converging"),
  ])
  return table(["NODE", "ZONE", "PLACEMENT", "IN USE", "/28", "PODS", "STATE"], rows, width)
}

const more = (count: number, what: string) =>
  count > 0 ? `... ${count.toLocaleString("en")} more ${what} (--all)\n` : ""
