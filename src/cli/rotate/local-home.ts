import { once } from "node:events"
import type { NodeRotationStatus } from "../../api/noderotation.ts"
import { namespaces, nodes } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { Informer } from "../../kube/informer.ts"
import type { Kube } from "../../kube/kube.ts"
import { silentLogger } from "../../log.ts"
import type { RotationPorts, ScalingGroups } from "../../rotation/rotation-ports.ts"
import { createRotator } from "../../rotation/rotator.ts"
import { isFinished, runRotation, stepEveryMs } from "../../rotation/run-rotation.ts"
import type { FollowOptions, RotationHome } from "./rotation-home.ts"
import { type Progress, type StateFolder, stateFolder, type Wanted } from "./state-folder.ts"

export interface LocalHomeOptions {
  readonly kube: Kube
  readonly clock: Clock
  readonly groups: ScalingGroups
  readonly inspect: RotationPorts["inspect"]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly pid: number
  readonly isAlive: (pid: number) => boolean
}

/** A rotation that this process carries out, recorded in files so that the next can go on. */
export async function localHome(options: LocalHomeOptions): Promise<RotationHome> {
  const { kube, clock, env } = options
  const system = await kube.get(namespaces, "kube-system")
  const state = stateFolder(system?.metadata.uid ?? "cluster", env)
  return {
    where: state.folder,
    whenLeft:
      "It stands still: berth rotate --resume goes on, --undo takes back what can be taken back.",
    async current() {
      const [wanted, progress] = await Promise.all([state.wanted(), state.progress()])
      if (wanted === undefined) return undefined
      return { ...wanted, ...(progress === undefined ? {} : { status: progress.status }) }
    },
    start: (spec) => state.start({ spec, startedAt: new Date(clock.now()).toISOString() }),
    async change(change) {
      const wanted = await wantedOf(state)
      await state.want({ ...wanted, spec: { ...wanted.spec, ...change } })
    },
    follow: (follow, signal) => carryOut(options, state, follow, signal),
  }
}

async function wantedOf(state: StateFolder): Promise<Wanted> {
  const wanted = await state.wanted()
  if (wanted === undefined) throw fail("rotation/none", { cluster: "this cluster" })
  return wanted
}

async function carryOut(
  options: LocalHomeOptions,
  state: StateFolder,
  { onStatus, stopWhenBlocked }: FollowOptions,
  signal: AbortSignal,
): Promise<NodeRotationStatus | undefined> {
  const { kube, clock, pid } = options
  const progress = await state.progress()
  if (isFinished(progress?.status)) return progress?.status
  if (progress !== undefined) refuseSecond(options, progress)
  const stop = new AbortController()
  const cache = new Informer({
    ...{ kube, clock, random: Math.random, log: silentLogger, resource: nodes },
    signal: stop.signal,
  })
  try {
    // Nodes that cannot be listed must not keep Ctrl-C from ending it.
    if (!(await Promise.race([cache.synced().then(() => true), aborted(signal)])))
      return progress?.status
    const rotator = createRotator({ ...options, nodes: () => cache.list() })
    return await runRotation(
      {
        ...{ rotator, clock, before: progress?.status, stopWhenBlocked },
        // Read each time: another terminal may have paused it or asked for undo.
        spec: async () => (await wantedOf(state)).spec,
        async save(status) {
          const process = { pid, seenAt: new Date(clock.now()).toISOString() }
          await state.proceed({ status, process })
          onStatus(status, await wantedOf(state))
        },
      },
      signal,
    )
  } finally {
    stop.abort(new Error("the rotation is over"))
    await cache.done
  }
}

const aborted = async (signal: AbortSignal): Promise<false> => {
  if (!signal.aborted) await once(signal, "abort")
  return false
}

/** Without a sign for this long a process has ended, whoever has its number now. */
const silentMs = 12 * stepEveryMs

function refuseSecond({ clock, pid, isAlive }: LocalHomeOptions, { process }: Progress): void {
  if (process.pid === pid || !isAlive(process.pid)) return
  if (clock.now() - Date.parse(process.seenAt) < silentMs)
    throw fail("rotation/other-process", { pid: process.pid })
}
