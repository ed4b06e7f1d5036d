import { isDeepStrictEqual } from "node:util"
import type { Node } from "../api/core.ts"
import type { NodeRotation, NodeRotationStatus } from "../api/noderotation.ts"
import { nodeRotations, nodes } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import { Informer } from "../kube/informer.ts"
import { type Kube, KubeError } from "../kube/kube.ts"
import type { Logger } from "../log.ts"
import type { RotationPorts, ScalingGroups } from "./rotation-ports.ts"
import { createRotator, type Rotator } from "./rotator.ts"
import { isFinished, stepEveryMs, waitAfter } from "./run-rotation.ts"

export interface RotationReconcilerOptions {
  readonly kube: Kube
  readonly clock: Clock
  /** 0 <= x < 1. */
  readonly random: () => number
  readonly log: Logger
  readonly groups: ScalingGroups
  readonly inspect: RotationPorts["inspect"]
  readonly holdsLease: () => boolean
}

/**
 * Carries out NodeRotations until the signal aborts; meant for the leader alone. One at a time, the oldest first: two
 * would take each other's new nodes for their own. While there is none it holds one watch and no other cache.
 */
export async function reconcileRotations(
  options: RotationReconcilerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = options
  const rotations = new Informer({ ...options, resource: nodeRotations, signal })
  let wake = Promise.withResolvers<void>()
  rotations.onChange(() => wake.resolve())
  signal.addEventListener("abort", () => wake.resolve(), { once: true })
  const steps = new Map<string, Session>()
  try {
    while (!signal.aborted) {
      const active = unfinished(rotations.list())
      for (const name of steps.keys())
        if (!active.some((r) => r.metadata.name === name)) end(steps, name)
      const [first, ...others] = active
      if (first === undefined) {
        wake = Promise.withResolvers()
        // A change between the look and the new promise is seen by looking again.
        if (unfinished(rotations.list()).length === 0) await wake.promise
        continue
      }
      const waitMs = await takeStep(options, first, steps, signal)
      for (const other of others) await putOff(options, other, first)
      await clock.sleep(waitMs, signal).catch(() => {})
    }
  } finally {
    for (const name of [...steps.keys()]) end(steps, name)
  }
  await rotations.done
}

/** What a rotation in work holds: a cache of the nodes, and what its evictions were answered. */
interface Session {
  readonly rotator: Rotator
  readonly nodes: Informer<Node>
  readonly stop: AbortController
}

const unfinished = (all: readonly NodeRotation[]) =>
  all
    .filter((r) => !isFinished(r.status) && r.metadata.deletionTimestamp === undefined)
    .sort(
      (a, b) =>
        (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "") ||
        a.metadata.name.localeCompare(b.metadata.name),
    )

function end(steps: Map<string, Session>, name: string): void {
  steps.get(name)?.stop.abort(new Error("the rotation is over"))
  steps.delete(name)
}

function sessionOf(
  options: RotationReconcilerOptions,
  steps: Map<string, Session>,
  name: string,
  term: AbortSignal,
): Session {
  const known = steps.get(name)
  if (known !== undefined) return known
  const stop = new AbortController()
  // The term ends it too: a step may be waiting for the first list.
  const signal = AbortSignal.any([term, stop.signal])
  const cache = new Informer({ ...options, resource: nodes, signal, trim: trimNode })
  const rotator = createRotator({ ...options, nodes: () => cache.list() })
  const made = { rotator, nodes: cache, stop }
  steps.set(name, made)
  return made
}

/** Nodes are many and long: what a rotation asks of them is little. */
function trimNode(node: Node): Node {
  const {
    name,
    uid = "",
    resourceVersion = "",
    labels = {},
    creationTimestamp = "",
  } = node.metadata
  const ready = (node.status?.conditions ?? []).filter((c) => c.type === "Ready")
  const { apiVersion, kind, spec } = node
  const { providerID, unschedulable } = spec ?? {}
  return {
    apiVersion,
    kind,
    metadata: { name, uid, resourceVersion, labels, creationTimestamp },
    spec: {
      ...(providerID === undefined ? {} : { providerID }),
      ...(unschedulable === undefined ? {} : { unschedulable }),
    },
    status: { conditions: ready },
  }
}

async function takeStep(
  options: RotationReconcilerOptions,
  rotation: NodeRotation,
  steps: Map<string, Session>,
  term: AbortSignal,
): Promise<number> {
  const { name } = rotation.metadata
  const { rotator, nodes: cache } = sessionOf(options, steps, name, term)
  try {
    await cache.synced()
    const status = await rotator.step(rotation.spec, rotation.status)
    await write(options, rotation, status)
    return waitAfter(rotation.status, status)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    options.log.warn("a rotation could not go on", { rotation: name, error: message })
    return stepEveryMs
  }
}

async function putOff(
  options: RotationReconcilerOptions,
  rotation: NodeRotation,
  first: NodeRotation,
): Promise<void> {
  const message = `waits for NodeRotation ${first.metadata.name}`
  const total = rotation.spec.nodes.length
  const before = rotation.status ?? { done: 0, total, nodes: [] }
  await write(options, rotation, { ...before, phase: "Paused", message }).catch(() => {})
}

async function write(
  { kube, log }: RotationReconcilerOptions,
  rotation: NodeRotation,
  decided: NodeRotationStatus,
): Promise<void> {
  const { generation } = rotation.metadata
  const status = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...withoutGeneration(decided),
  }
  if (isDeepStrictEqual(status, rotation.status)) return
  const { name } = rotation.metadata
  try {
    await kube.replace(nodeRotations, { ...rotation, status }, "status")
  } catch (error) {
    // Somebody changed it meanwhile, or deleted it: the next step looks anew.
    if (error instanceof KubeError && (error.status === 409 || error.status === 404)) return
    throw error
  }
  if (status.phase !== rotation.status?.phase)
    log.info("rotation", { rotation: name, phase: status.phase, message: status.message })
}

function withoutGeneration({ observedGeneration: _, ...status }: NodeRotationStatus) {
  return status
}
