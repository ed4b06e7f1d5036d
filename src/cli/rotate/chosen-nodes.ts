import { fail } from "../../errors/catalogue.ts"
import { nearest } from "../../errors/nearest.ts"
import type { FleetIndex } from "../../fleet/facts/fleet-index.ts"
import type { NodeFacts } from "../../fleet/snapshot.ts"
import { labelPredicate } from "../../kube/selector.ts"
import { type Call, list, text } from "../command.ts"

/** The nodes that --nodes and -l name, in that order; undefined when neither is given: those that need it. */
export function chosenNodes(call: Call, index: FleetIndex): NodeFacts[] | undefined {
  const names = list(call, "nodes")
    .flatMap((value) => value.split(","))
    .filter((n) => n !== "")
  const selector = text(call, "selector")
  if (names.length === 0 && selector === undefined) return undefined
  const all = index.snapshot.cluster.nodes
  const named = names.map((name) => {
    const found = index.node(name) ?? all.find((n) => n.name.startsWith(`${name}.`))
    if (found !== undefined) return found
    const near = nearest(
      name,
      all.map((n) => n.name),
    )
    throw fail("cli/not-found", { kind: "node", name, near })
  })
  const selected =
    selector === undefined ? [] : all.filter((n) => labelPredicate(selector)(n.labels))
  return [...new Set([...named, ...selected])]
}
