import { diagnose } from "../../fleet/doctor/diagnose.ts"
import type { Finding } from "../../fleet/doctor/finding.ts"
import type { FleetIndex } from "../../fleet/facts/fleet-index.ts"
import type { ApplyContext } from "./step-work.ts"

/** What keeps pods or nodes from starting, each as a name that is the same at the next look. */
const blockersOf = (index: FleetIndex): Map<string, Finding> =>
  new Map(
    diagnose(index)
      .findings.filter((f) => f.severity === "blocking")
      .map((f) => [nameOf(f), f]),
  )

/** Nodes and pods come and go, and those with the same trouble share a finding. */
const nameOf = ({ check, object }: Finding) =>
  /^(?:node|pod)\//i.test(object) ? check : `${check} ${object}`

/** Remembers, before the first step, what is blocking already: the plan may be there to mend it. */
export async function noteBlockers({ look, store }: ApplyContext): Promise<void> {
  const { state } = store
  if (state.started.length === 0) state.findings = [...blockersOf(await look()).keys()]
}

/** Of nodes that are still to be replaced: what replacing mends, and what the rotation itself waits for. */
const untilReplaced = new Set(["M01", "R02"])

/** What the doctor finds blocking that was not there before the plan was begun; undefined for nothing. */
export async function newBlockers({
  look,
  store,
  plan,
}: ApplyContext): Promise<string | undefined> {
  const index = await look()
  const isLeft = plan.replace.some(({ node, instance }) => {
    const found = index.node(node)
    return found !== undefined && index.instanceOf(found)?.id === instance
  })
  const before = new Set(store.state.findings)
  const [first] = [...blockersOf(index)].filter(
    ([name, { check }]) => !before.has(name) && !(isLeft && untilReplaced.has(check)),
  )
  if (first === undefined) return undefined
  const { check, object, says, fix } = first[1]
  return `berth doctor: ${object}: ${says} (${check}); ${fix.command ?? fix.says}`
}
