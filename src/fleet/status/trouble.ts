import { classify } from "../classify.ts"
import type { Examination } from "../doctor/examination.ts"
import { enumerate, plural } from "../doctor/finding.ts"
import type { NodeRow, SubnetRow } from "./fleet-status.ts"

/** One line of what is wrong. Objects with the same trouble share it. */
export interface Trouble {
  readonly object: string
  readonly what: string
}

/** A subnet with less than this share free is worth a line. */
const scarce = 0.1

/** What is wrong now, what keeps pods from running first. */
export function troubleOf(
  examination: Examination,
  nodes: readonly NodeRow[],
  subnets: readonly SubnetRow[],
): Trouble[] {
  return [
    ...plugin(examination),
    ...unreadyNodes(examination),
    ...stuckPods(examination, nodes),
    ...subnets.flatMap(scarcity),
    ...refusals(examination, new Set(nodes.filter((n) => n.stuck > 0).map((n) => n.node))),
  ]
}

function* plugin({ index }: Examination): Iterable<Trouble> {
  const set = index.snapshot.cluster.daemonSet
  if (set === undefined || set.ready >= set.desired) return
  yield {
    object: "daemonset aws-node",
    what: `${set.desired - set.ready} of ${plural(set.desired, "pod")} are not ready`,
  }
}

function unreadyNodes({ index }: Examination): Trouble[] {
  const unready = index.snapshot.cluster.nodes.filter((n) => !n.ready)
  return together(
    unready.map((n) => ({
      node: n.name,
      what: `not ready: ${n.readyMessage ?? "no reason given"}`,
    })),
  )
}

/** The classifier's cause where it finds one; a pod that nobody complained about yet may just be starting. */
function stuckPods(examination: Examination, nodes: readonly NodeRow[]): Trouble[] {
  const causes = new Map(classify(examination).map((c) => [c.node, c]))
  const causeOf = ({ node }: NodeRow) => {
    const found = causes.get(node)
    if (found !== undefined && found.cause !== "unknown") return found.says
    const network = examination.index.nodeNetwork(node)
    return network?.status?.placements.find((p) => !p.ready)?.message ?? ""
  }
  const stuck = nodes.filter((n) => n.stuck > 0)
  const groups = Map.groupBy(stuck, causeOf)
  return [...groups].map(([cause, rows]) => {
    const pods = rows.reduce((sum, row) => sum + row.stuck, 0)
    const names = rows.map((row) => row.node)
    return {
      object: nodesNamed(names),
      what: `${plural(pods, "pod has", "pods have")} no address${cause === "" ? "" : `: ${cause}`}`,
    }
  })
}

function scarcity(subnet: SubnetRow): Trouble[] {
  if (subnet.free === 0)
    return [
      { object: `subnet ${subnet.subnet}`, what: `full; used by ${subnet.usedBy.join(", ")}` },
    ]
  if (subnet.free / subnet.total >= scarce) return []
  return [
    { object: `subnet ${subnet.subnet}`, what: `${subnet.free} of ${subnet.total} addresses left` },
  ]
}

/** What the controller refuses on nodes of which nothing was told yet; lack of addresses is told by the subnets. */
function refusals({ index }: Examination, told: ReadonlySet<string>): Trouble[] {
  const said = index.snapshot.cluster.nodeNetworks.flatMap((network) =>
    (network.status?.placements ?? []).flatMap((p) =>
      p.ready || !p.message || !p.code?.startsWith("placement/") || told.has(network.metadata.name)
        ? []
        : [{ node: network.metadata.name, what: p.message }],
    ),
  )
  return together(said)
}

function together(list: readonly { readonly node: string; readonly what: string }[]): Trouble[] {
  return [...Map.groupBy(list, (t) => t.what)].map(([what, same]) => ({
    object: nodesNamed(same.map((t) => t.node)),
    what,
  }))
}

const nodesNamed = (names: readonly string[]) =>
  names.length === 1 ? `node ${names[0]}` : `${plural(names.length, "node")} (${enumerate(names)})`
