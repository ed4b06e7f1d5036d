import type { NodeRotationStatus, RotatedNode, RotationPhase } from "../../api/noderotation.ts"
import type { RotationPlan } from "../../fleet/rotation/plan-rotation.ts"
import { rotationProgress } from "../../fleet/rotation/rotation-progress.ts"
import { fillBar } from "../fill-bar.ts"
import { shortNames } from "../short-names.ts"
import { table } from "../table.ts"
import type { Style, Terminal } from "../terminal.ts"
import { wrap } from "../wrap.ts"
import type { RotationRecord } from "./rotation-home.ts"

const nodesMost = 30

/** What a rotation would do, before anybody agrees to it. */
export function planPage({ nodes, warnings }: RotationPlan, terminal: Terminal): string {
  const { width, paint } = terminal
  if (nodes.length === 0) return `${paint("green", "No node needs to be replaced.")}\n`
  const short = shortNames(nodes.map((n) => n.node))
  const rows = nodes
    .slice(0, nodesMost)
    .map((n, i) => [
      i === 0 ? "canary" : String(i + 1),
      short(n.node),
      n.zone,
      n.type,
      n.group,
      String(n.pods),
      n.reasons.join(", ") || "chosen",
    ])
  const left = nodes.length - rows.length
  return [
    table(["ORDER", "NODE", "ZONE", "TYPE", "GROUP", "PODS", "WHY"], rows, width),
    left > 0 ? `... and ${left.toLocaleString("en")} more nodes\n` : "",
    ...warnings.map(
      (w) =>
        `${paint("yellow", "!")} ${wrap(`${w.says} (${w.answer})`, width && width - 2, "  ")}\n`,
    ),
  ].join("")
}

const colours: Record<RotationPhase, Style> = {
  Running: "bold",
  Paused: "yellow",
  Blocked: "red",
  Completed: "green",
  Undone: "yellow",
}

const barWidth = 24
const busyMost = 12

/** How far a rotation is: one line for the whole, one for each node in the works. */
export function progressPage(
  status: NodeRotationStatus,
  record: RotationRecord,
  now: number,
  { width, paint }: Terminal,
): string {
  const { share, secondsLeft } = rotationProgress(status, record.startedAt, now)
  const left =
    status.phase === "Running" && secondsLeft !== undefined
      ? `, about ${duration(secondsLeft)} left`
      : ""
  const phase = paint(colours[status.phase], status.phase)
  const short = shortNames(status.nodes.map((n) => n.name))
  const busy = status.nodes.filter((n) => n.state !== "Waiting" && n.state !== "Done")
  const lines = [
    `${fillBar(share, barWidth)} ${status.done} of ${status.total} nodes, ${phase}${left}`,
    ...busy.slice(0, busyMost).map((n) => wrap(`  ${nodeLine(n, short)}`, width, "    ")),
  ]
  if (status.phase !== "Running" || busy.length === 0)
    lines.push(wrap(`  ${status.message}`, width, "    "))
  return `${lines.join("\n")}\n`
}

function nodeLine(n: RotatedNode, short: (name: string) => string): string {
  const successor = n.replacement === undefined ? "" : ` (replaced by ${short(n.replacement)})`
  return `${short(n.name)}: ${n.state.toLowerCase()}${successor}${n.message === undefined ? "" : `, ${n.message}`}`
}

/** "40 s", "12 min", "2 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** What is new since `before`, as lines for a log; empty when nothing is. */
export function changeLines(
  before: NodeRotationStatus | undefined,
  after: NodeRotationStatus,
): string[] {
  const lines = after.nodes.flatMap((n) => {
    const old = before?.nodes.find((o) => o.name === n.name)
    const said = nodeLine(n, (name) => name)
    const isNew = old === undefined ? n.state !== "Waiting" : nodeLine(old, (name) => name) !== said
    return isNew ? [`${after.done}/${after.total} ${said}`] : []
  })
  if (
    before?.phase !== after.phase ||
    (after.phase === "Blocked" && before.message !== after.message)
  )
    lines.push(`${after.done}/${after.total} ${after.phase}: ${after.message}`)
  return lines
}
