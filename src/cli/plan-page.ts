import { plural } from "../fleet/doctor/finding.ts"
import type { PlanDocument } from "../fleet/plan/plan-document.ts"
import { fillReferences, shellReference } from "../fleet/plan/references.ts"
import { table } from "./table.ts"
import type { Terminal } from "./terminal.ts"
import { wrap } from "./wrap.ts"

const nodesMost = 20

/** A plan for people: what stands against it first, then what it needs, then what to do, in the order to do it. */
export function planPage(plan: PlanDocument, terminal: Terminal): string {
  return [
    headline(plan, terminal),
    ...blockers(plan, terminal),
    ...risks(plan, terminal),
    addresses(plan, terminal),
    lasts(plan, terminal),
    quotas(plan, terminal),
    maxPods(plan, terminal),
    ...steps(plan, terminal),
    nodes(plan, terminal),
  ]
    .filter((part) => part !== "")
    .join("\n")
}

function headline(plan: PlanDocument, { paint, width }: Terminal) {
  const { site, steps, takenAt } = plan
  const what = steps.length === 0 ? "nothing to change" : plural(steps.length, "step")
  const line = `${site.cluster ?? "the cluster"}: ${what} for ${wanted(plan).join(", ")} (planned on ${takenAt})`
  return `${paint("bold", wrap(line, width))}\n`
}

/** What was asked for, in words. */
function wanted({ request, mode }: PlanDocument): string[] {
  const { customNetworking, prefixDelegation, targets, block, pool, morePods, moreNodes } = request
  const state = (on: boolean) => (on ? "on" : "off")
  const parts = [
    ...(customNetworking === undefined ? [] : [`custom networking ${state(customNetworking)}`]),
    ...(block === undefined ? [] : [`pods in ${block}`]),
    ...(pool === undefined ? [] : [`pool ${pool}`]),
    ...(prefixDelegation === undefined ? [] : [`prefix delegation ${state(prefixDelegation)}`]),
    ...Object.entries(targets ?? {}).map(([name, value]) => `${name}=${value}`),
    ...(morePods === undefined ? [] : [plural(morePods, "pod more", "pods more")]),
    ...(moreNodes === undefined ? [] : [plural(moreNodes, "node more", "nodes more")]),
  ]
  return customNetworking === undefined
    ? [...parts, `custom networking stays ${state(mode.customNetworking)}`]
    : parts
}

function blockers({ preflight }: PlanDocument, { paint, width }: Terminal): string[] {
  const { blockers, warnings, unknown } = preflight
  const line = (mark: string, text: string) =>
    `${mark} ${wrap(text, width === undefined ? undefined : width - 2, "  ")}\n`
  const parts = [
    ...blockers.flatMap((f) => [
      line(paint("red", "!"), `${f.object}: ${f.says} (${f.check})`),
      line(" ", `mend it first: ${f.fix.command ?? f.fix.says}`),
    ]),
    ...warnings.map((f) => line(paint("yellow", "!"), `${f.object}: ${f.says} (${f.check})`)),
    ...unknown.map((what) => line(paint("yellow", "?"), `not looked at: ${what}`)),
  ]
  return parts.length === 0 ? [] : [parts.join("")]
}

function risks({ risks }: PlanDocument, { paint, width }: Terminal): string[] {
  if (risks.length === 0) return []
  const inner = width === undefined ? undefined : width - 4
  const lines = risks.map(
    ({ says, answer }) =>
      `  - ${wrap(says, inner, "    ")}\n    ${wrap(`-> ${answer}`, inner, "       ")}\n`,
  )
  return [`${paint("bold", "Risks")}\n${lines.join("")}`]
}

function addresses({ needs, layout, forecast }: PlanDocument, { paint, width }: Terminal): string {
  if (needs.length === 0) return ""
  const rows = needs.map((need) => {
    const subnet = layout.subnets.find((s) => s.zone === need.zone)
    const now = forecast.find((f) => f.zone === need.zone)?.subnets.join(", ") || "-"
    const where = subnet === undefined ? now : subnet.cidr + (subnet.id === undefined ? " new" : "")
    return [
      need.zone,
      ...[need.nodes, need.pods, need.now, need.full].map((n) => n.toLocaleString("en")),
      where,
      subnet === undefined ? "-" : subnet.usable.toLocaleString("en"),
    ]
  })
  const header = ["ZONE", "NODES", "PODS", "NEEDS", "AT MOST", "SUBNET", "HAS"]
  return `${paint("bold", "Addresses")}\n${table(header, rows, width)}`
}

function lasts({ forecast }: PlanDocument, { paint, width }: Terminal): string {
  if (forecast.length === 0) return ""
  const number = (n: number) => n.toLocaleString("en")
  const rows = forecast.map(({ zone, subnets, left, leftWhenFull, burnRate, daysToFull }) => [
    ...[zone, subnets.join(", ") || "-", number(left), number(leftWhenFull)],
    burnRate === undefined ? "?" : `${burnRate > 0 ? "+" : ""}${number(burnRate)}/h`,
    daysToFull === undefined ? "-" : `${number(Math.floor(daysToFull))} d`,
  ])
  const header = ["ZONE", "SUBNET", "LEFT", "ALL FULL", "USE", "LASTS"]
  const unknown = forecast.some((f) => f.burnRate === undefined)
  const hint = unknown
    ? "How fast addresses go is not measured: give an older snapshot with --since FILE.\n"
    : ""
  return `${paint("bold", "Forecast: addresses left after the change")}\n${table(header, rows, width)}${hint}`
}

/** Those that the change takes from. */
function quotas({ quotas }: PlanDocument, { paint, width }: Terminal): string {
  const touched = quotas.filter((q) => q.after > q.used)
  if (touched.length === 0) return ""
  const rows = touched.map((q) => [
    ...[q.title, String(q.used), String(q.after)],
    `${q.limit.toLocaleString("en")}${q.assumed ? " (default)" : ""}`,
  ])
  return `${paint("bold", "Quotas")}\n${table(["QUOTA", "NOW", "AFTER", "LIMIT"], rows, width)}`
}

function maxPods({ maxPods }: PlanDocument, { paint, width }: Terminal): string {
  const changed = maxPods.filter((c) => c.now.some((n) => n !== c.after))
  if (changed.length === 0) return ""
  const rows = changed.map((c) => [c.type, String(c.nodes), c.now.join(", "), String(c.after)])
  return `${paint("bold", "max-pods")}\n${table(["TYPE", "NODES", "NOW", "AFTER"], rows, width)}`
}

function steps({ steps }: PlanDocument, { paint, width }: Terminal): string[] {
  const inner = width === undefined ? undefined : width - 3
  return steps.map((step, i) => {
    const text = (label: string, says: string) =>
      `   ${wrap(`${label}${says}`, inner, " ".repeat(label.length + 3))}\n`
    const lines = (mark: string, commands: readonly string[]) =>
      commands.map((c) => `   ${shellLines(mark + fillReferences(c, shellReference), inner)}`)
    const commands = lines("$ ", step.commands)
    const undo = lines("undo: ", step.undo).map((line) => paint("dim", line))
    return [
      `${paint("bold", `${i + 1}. ${step.title}`)}\n`,
      text("", step.why),
      ...commands.map((c) => `${c}\n`),
      text("gate: ", step.gate),
      ...undo.map((c) => `${c}\n`),
    ].join("")
  })
}

function nodes({ replace }: PlanDocument, { paint, width }: Terminal): string {
  if (replace.length === 0) return ""
  const rows = replace
    .slice(0, nodesMost)
    .map((r, i) => [String(i + 1), r.node, r.zone, String(r.pods), r.reasons.join(", ")])
  const left = replace.length - nodesMost
  const more = left > 0 ? `... ${plural(left, "node")} more\n` : ""
  const header = ["#", "NODE", "ZONE", "PODS", "WHY"]
  return `${paint("bold", "Nodes to replace, in this order")}\n${table(header, rows, width)}${more}`
}

/** A command broken before its options, so that it can be pasted as it stands. Quoted text stays whole. */
export function shellLines(command: string, width: number | undefined): string {
  if (width === undefined || command.length <= width) return command
  const words = command.match(/(?:'[^']*'|[^\s'])+/g) ?? [command]
  const lines: string[] = []
  let line = ""
  for (const word of words) {
    const longer = line === "" ? word : `${line} ${word}`
    if (longer.length > width - 2 && line.trim() !== "") {
      lines.push(`${line} \\`)
      line = `       ${word}`
    } else line = longer
  }
  return [...lines, line].join("\n")
}
