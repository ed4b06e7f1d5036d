import { enumerate } from "../fleet/doctor/finding.ts"
import type { MaxPodsRow } from "../fleet/max-pods/compare-max-pods.ts"
import type { MaxPods } from "../vpc/max-pods.ts"
import { shortNames } from "./short-names.ts"
import { table } from "./table.ts"
import type { Terminal } from "./terminal.ts"
import { wrap } from "./wrap.ts"

/** Types in one mode, with what is to be known of them. */
export function typesPage(
  rows: readonly (MaxPods & { readonly type: string })[],
  { width }: Terminal,
): string {
  const cells = rows.map((r) =>
    [r.type, r.recommended, r.allowed, r.interfaces, r.podAddresses].map(String),
  )
  const notes = rows.flatMap((r) => r.notes.map((note) => `${r.type}: ${note}`))
  return (
    table(["TYPE", "MAX PODS", "FORMULA", "ENIS FOR PODS", "ADDRESSES"], cells, width) +
    noteLines(notes, width)
  )
}

/** Types in the four modes side by side. */
export function modesPage(
  rows: readonly {
    readonly type: string
    readonly interfaces: number
    readonly addressesPerInterface: number
    readonly plain: number
    readonly customNetworking: number
    readonly prefixes: number
    readonly both: number
  }[],
  { width }: Terminal,
): string {
  const cells = rows.map((r) => [
    r.type,
    `${r.interfaces}x${r.addressesPerInterface}`,
    String(r.plain),
    String(r.customNetworking),
    String(r.prefixes),
    String(r.both),
  ])
  return table(["TYPE", "ENIS", "PLAIN", "CUSTOM", "PREFIXES", "CUSTOM+PREFIXES"], cells, width)
}

/** What live nodes advertise against what they can give. */
export function fleetPage(
  rows: readonly MaxPodsRow[],
  {
    mode,
    cluster,
  }: {
    readonly mode: { readonly customNetworking: boolean; readonly prefixDelegation: boolean }
    readonly cluster: string
  },
  { width, paint }: Terminal,
): string {
  const short = shortNames(rows.flatMap((r) => r.nodes))
  const colours = { "too many": "red", unknown: "yellow", room: "yellow", right: "green" } as const
  const cells = rows.map((r) => [
    r.type,
    String(r.nodes.length),
    String(r.advertised ?? "?"),
    String(r.recommended ?? "?"),
    String(r.addresses ?? "?"),
    paint(colours[r.verdict], r.verdict),
    r.verdict === "right" ? "" : enumerate(r.nodes.map(short), 2),
  ])
  const onOff = (on: boolean) => (on ? "on" : "off")
  return [
    `custom networking ${onOff(mode.customNetworking)}, prefix delegation ${onOff(mode.prefixDelegation)}\n\n`,
    table(["TYPE", "NODES", "ADVERTISED", "RIGHT", "ADDRESSES", "VERDICT", "WHICH"], cells, width),
    noteLines(
      rows.flatMap((r) => r.notes.map((note) => `${r.type}: ${note}`)),
      width,
    ),
    ...rows
      .filter((r) => r.verdict === "too many")
      .map(
        (r) =>
          `\nberth user-data ${cluster} --max-pods ${r.recommended}   # launches ${r.type} right\n`,
      ),
  ].join("")
}

function noteLines(notes: readonly string[], width: number | undefined): string {
  const distinct = [...new Set(notes)]
  if (distinct.length === 0) return ""
  return `\n${distinct.map((note) => `${wrap(`note: ${note}`, width, "  ")}\n`).join("")}`
}
