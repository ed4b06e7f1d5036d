import { randomBytes } from "node:crypto"
import type { NodeRotation } from "../../api/noderotation.ts"
import { nodeRotations } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"
import { isFinished } from "../../rotation/run-rotation.ts"
import type { FollowOptions, RotationHome, RotationRecord } from "./rotation-home.ts"

const lookEveryMs = 2_000
/** A controller that has not taken a rotation up by then does not serve them, or does not run. */
const takenUpMs = 30_000

/** Rotations as NodeRotation objects, which the controller carries out; undefined where the kind is not installed. */
export async function clusterHome(kube: Kube, clock: Clock): Promise<RotationHome | undefined> {
  const list = async () => (await kube.list(nodeRotations)).items
  let object: NodeRotation | undefined
  try {
    object = latest(await list())
  } catch (error) {
    if (!(error instanceof KubeError && (error.status === 404 || error.status === 403))) throw error
    // Who may not list a kind is refused before the API server looks whether there is one: discovery tells.
    if (error.status === 403 && (await isServed(kube)))
      throw fail("rotation/hidden", { why: error.message }, error)
    return undefined
  }
  const named = () => {
    if (object === undefined) throw fail("rotation/none", { cluster: "this cluster" })
    return object.metadata.name
  }
  return {
    get where() {
      return `NodeRotation ${object?.metadata.name ?? ""}`.trim()
    },
    whenLeft:
      "It goes on in the cluster: berth rotate --watch shows it, --pause, --resume and --undo steer it.",
    current: async () => (object === undefined ? undefined : recordOf(object)),
    async start(spec) {
      const name = `rotation-${randomBytes(3).toString("hex")}`
      object = await kube.create(nodeRotations, {
        apiVersion: "berth.dev/v1alpha1",
        kind: "NodeRotation",
        metadata: { name },
        spec,
      })
    },
    async change(spec) {
      const body = { spec }
      object = await kube.patch(nodeRotations, { name: named() }, { type: "merge", body })
    },
    follow: (options, signal) => follow({ kube, clock, name: named() }, options, signal),
  }
}

/** Discovery, which every user may read. */
async function isServed(kube: Kube): Promise<boolean> {
  const { group, version, plural } = nodeRotations
  try {
    const answer = await kube.raw(`/apis/${group}/${version}`)
    const { resources = [] } = answer as { resources?: readonly { name: string }[] }
    return resources.some(({ name }) => name === plural)
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return false
    throw error
  }
}

async function follow(
  { kube, clock, name }: { kube: Kube; clock: Clock; name: string },
  { onStatus, stopWhenBlocked }: FollowOptions,
  signal: AbortSignal,
) {
  const since = clock.now()
  for (;;) {
    const object = await kube.get(nodeRotations, name)
    if (object === undefined) throw fail("cli/not-found", { kind: "NodeRotation", name, near: [] })
    const { status, spec } = object
    if (status === undefined && clock.now() - since > takenUpMs)
      throw fail("rotation/not-taken-up", { name })
    // What it said before the last --resume or --undo is no answer to that.
    if (status !== undefined && answers(object)) {
      onStatus(status, recordOf(object))
      const stays =
        (status.phase === "Paused" && spec.paused === true) ||
        (stopWhenBlocked && status.phase === "Blocked")
      if (isFinished(status) || stays) return status
    }
    await clock.sleep(lookEveryMs, signal).catch(() => {})
    if (signal.aborted) return status
  }
}

const answers = ({ metadata, status }: NodeRotation) =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)

const latest = (all: readonly NodeRotation[]) =>
  [...all].sort(
    (a, b) =>
      Number(isFinished(a.status)) - Number(isFinished(b.status)) ||
      (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""),
  )[0]

const recordOf = ({ spec, status, metadata }: NodeRotation): RotationRecord => ({
  spec,
  ...(status === undefined ? {} : { status }),
  startedAt: metadata.creationTimestamp ?? "",
})
