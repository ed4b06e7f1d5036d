import { styleText } from "node:util"
import type { FleetStatus } from "../fleet/status/fleet-status.ts"
import { table } from "./table.ts"

const troubleMost = 20
const nodesMost = 30
const barWidth = 10

/** The status for people: trouble first, then subnets by how full they are, then nodes that need a look. */
export function statusPage(
  status: FleetStatus,
  shape: { width?: number; colour: boolean; all: boolean },
): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    shape.colour ? styleText(style, text, { validateStream: false }) : text
  const out: string[] = [
    `${status.cluster}: ${status.plugin}, custom networking ${status.customNetworking ? "on" : "off"}, as of ${status.takenAt}\n`,
  ]
  if (status.trouble.length === 0) out.push(`${paint("green", "No trouble found.")}\n`)
  for (const t of status.trouble.slice(0, shape.all ? undefined : troubleMost)) {
    out.push(`${paint("red", "!")} ${t.object}: ${t.what}\n`)
  }
  if (!shape.all) out.push(more(status.trouble.length - troubleMost, "troubles"))
  const subnets = status.subnets.map((s) => {
    const full = s.total <= 0 ? 1 : (s.total - s.free) / s.total
    const colour = full >= 0.9 ? "red" : full >= 0.7 ? "yellow" : "green"
    return [
      s.subnet,
      s.zone,
      s.cidr,
      paint(colour, bar(full)),
      `${s.free}/${s.total}`,
      s.usedBy.join(","),
    ]
  })
  if (subnets.length > 0) {
    out.push(
      "\n",
      table(["SUBNET", "ZONE", "CIDR", "FILL", "FREE", "USED BY"], subnets, shape.width),
    )
  }
  const nodes = status.nodes
    .slice(0, shape.all ? undefined : nodesMost)
    .map((n) => [
      n.node,
      n.zone,
      n.placement,
      `${n.used}/${n.addresses}`,
      n.prefixes > 0 ? String(n.prefixes) : "-",
      `${n.pods}/${n.maxPods ?? "?"}`,
      n.stuck > 0
        ? paint("red", `${n.stuck} stuck`)
        : n.converged
          ? paint("green", "converged")
          : paint("yellow", "converging"),
    ])
  if (nodes.length > 0) {
    const header = ["NODE", "ZONE", "PLACEMENT", "ADDRESSES", "PREFIXES", "PODS", "STATE"]
    out.push("\n", table(header, nodes, shape.width))
    if (!shape.all) out.push(more(status.nodes.length - nodesMost, "nodes"))
  }
  if (status.unread.length > 0) out.push(`\nNot read: ${status.unread.join(", ")}\n`)
  return out.join("")
}

const more = (count: number, what: string) =>
  count > 0 ? `... ${count} more ${what} (--all)\n` : ""

function bar(full: number): string {
  const filled = Math.max(0, Math.min(barWidth, Math.round(full * barWidth)))
  return "█".repeat(filled) + "░".repeat(barWidth - filled)
}
