import type { NodeRotationSpec, NodeRotationStatus } from "../api/noderotation.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import { decideRotation } from "../fleet/rotation/decide-rotation.ts"
import type { RotationAction, RotationView } from "../fleet/rotation/rotation-view.ts"
import { KubeError } from "../kube/kube.ts"
import { carryOut } from "./carry-out.ts"
import { readView } from "./read-view.ts"
import type { RotationPorts } from "./rotation-ports.ts"

/** Evictions asked for at the same time: a drain waits for the API server, not for the processor. */
const evictionsMost = 10

/** Takes one step of a rotation: reads, decides, acts. The returned status is to be recorded before the next step. */
export interface Rotator {
  step(spec: NodeRotationSpec, before: NodeRotationStatus | undefined): Promise<NodeRotationStatus>
}

export function createRotator(ports: RotationPorts): Rotator {
  /** What evictions were refused with: known to this process alone, and found again by the next. */
  const refusals = new Map<string, string>()
  return {
    async step(spec, before) {
      let view: RotationView
      try {
        view = await readView(ports, before, refusals)
      } catch (error) {
        return blocked(spec, before, whyOf(error))
      }
      const { status, actions } = decideRotation(spec, before, view, ports.clock.now())
      const failure = await carryOutAll(ports, actions, refusals)
      forgetGone(refusals, [...view.evictable.values()].flat())
      if (failure === undefined) return status
      return blocked(spec, before ?? status, failure)
    },
  }
}

/** Nothing of a step that failed counts as done: the next one decides anew on what is there. */
function blocked(
  spec: NodeRotationSpec,
  before: NodeRotationStatus | undefined,
  message: string,
): NodeRotationStatus {
  const kept = before ?? { done: 0, total: spec.nodes.length, nodes: [] }
  return { ...kept, phase: "Blocked", message }
}

/** What the API server or AWS refused; a defect of Berth goes on its way. */
function whyOf(error: unknown): string {
  if (error instanceof BerthError || error instanceof KubeError) return error.message
  throw error
}

/** Carries out all of them, and tells why the first that failed did. */
async function carryOutAll(
  ports: RotationPorts,
  actions: readonly RotationAction[],
  refusals: Map<string, string>,
): Promise<string | undefined> {
  const others = actions.filter((a) => a.do !== "evict")
  const evictions = actions.filter((a) => a.do === "evict")
  const failures: string[] = []
  const attempt = async (action: RotationAction) => {
    if (ports.holdsLease?.() === false)
      throw fail("controller/lease-stale", { action: subjectOf(action) })
    try {
      await carryOut(ports, action, refusals)
    } catch (error) {
      failures.push(`${subjectOf(action)}: ${whyOf(error)}`)
    }
  }
  for (const action of others) await attempt(action)
  for (let at = 0; at < evictions.length; at += evictionsMost)
    await Promise.all(evictions.slice(at, at + evictionsMost).map(attempt))
  return failures[0]
}

function subjectOf(action: RotationAction): string {
  switch (action.do) {
    case "scale":
    case "restore":
      return `${action.do} ${action.group}`
    case "evict":
      return `evict ${action.namespace}/${action.name}`
    default:
      return `${action.do} ${action.node}`
  }
}

function forgetGone(
  refusals: Map<string, string>,
  left: readonly { readonly namespace: string; readonly name: string }[],
): void {
  const there = new Set(left.map((p) => `${p.namespace}/${p.name}`))
  for (const key of refusals.keys()) if (!there.has(key)) refusals.delete(key)
}
