import { join } from "node:path"
import type { Clock } from "../../../clock.ts"
import type { RecordEvent } from "../../loops/cluster.ts"
import type { Container } from "../../loops/pod.ts"
import { stamp } from "../../loops/stamp.ts"
import type { Exit, RunningContainer } from "../runtime/container.ts"
import { ContainerLog } from "../runtime/container-log.ts"
import type { StartContainer } from "./container-starter.ts"
import { type ContainerEntry, entryOf, type PodRuntime } from "./pod-runtime.ts"
import type { ProbeTarget } from "./probe.ts"
import { startProber } from "./prober.ts"

export interface ContainersContext {
  clock: Clock
  record: RecordEvent
  start: StartContainer
  /** Folder of this node's pod logs. */
  logFolder: string
  probeTarget: (runtime: PodRuntime, container: Container) => ProbeTarget
  /** Something changed: look at the pod again. */
  wake: () => void
}

const configRetryMs = 10_000

/**
 * Brings the containers of a pod to where its spec wants them: init containers one after another, then all others,
 * restarted by policy. Returns in how many ms something is due, or undefined.
 */
export async function syncContainers(
  runtime: PodRuntime,
  context: ContainersContext,
): Promise<number | undefined> {
  const policy = runtime.pod.spec.restartPolicy ?? "Always"
  for (const init of runtime.pod.spec.initContainers ?? []) {
    const entry = entryOf(runtime, init.name)
    if (entry.state.terminated?.exitCode === 0) continue
    // An init container that must not be tried again has failed the pod.
    if (entry.state.terminated && policy === "Never") return undefined
    return await syncContainer(runtime, init, context, true)
  }
  const due: number[] = []
  for (const container of runtime.pod.spec.containers) {
    const again = await syncContainer(runtime, container, context, policy !== "Never")
    if (again !== undefined) due.push(again)
  }
  return due.length > 0 ? Math.min(...due) : undefined
}

async function syncContainer(
  runtime: PodRuntime,
  container: Container,
  context: ContainersContext,
  restart: boolean,
): Promise<number | undefined> {
  const entry = entryOf(runtime, container.name)
  if (entry.running) return undefined
  const { terminated } = entry.state
  if (terminated && !restart) return undefined
  if (terminated && runtime.pod.spec.restartPolicy === "OnFailure" && terminated.exitCode === 0)
    return undefined
  const waitMs = (entry.restartAt ?? 0) - context.clock.now()
  if (waitMs > 0) {
    crashLoop(runtime, container, entry, context)
    return waitMs
  }
  return await start(runtime, container, context)
}

/** The state that users know best. The exit that caused it moves to `lastState`. */
function crashLoop(
  { pod }: PodRuntime,
  container: Container,
  entry: ContainerEntry,
  { record }: ContainersContext,
): void {
  if (!entry.state.terminated) return
  const of = `container=${container.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`
  entry.lastState = entry.state
  entry.state = {
    waiting: { reason: "CrashLoopBackOff", message: `back-off restarting failed ${of}` },
  }
  const message = `Back-off restarting failed container ${container.name} in pod ${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`
  record(pod, "Warning", "BackOff", message)
}

async function start(
  runtime: PodRuntime,
  container: Container,
  context: ContainersContext,
): Promise<number | undefined> {
  const { pod, sandbox } = runtime
  const entry = entryOf(runtime, container.name)
  const again = entry.state.terminated !== undefined || entry.restartAt !== undefined
  const { namespace, name, uid } = pod.metadata
  const attempt = entry.restartCount + (again ? 1 : 0)
  const log = new ContainerLog(
    join(context.logFolder, `${namespace}_${name}_${uid}`, container.name, `${attempt}.log`),
    () => context.clock.now(),
  )
  let running: RunningContainer
  try {
    running = await context.start({ pod, container, sandbox, log })
  } catch (error) {
    log.close()
    const message = (error as Error).message
    entry.state = { waiting: { reason: "CreateContainerConfigError", message } }
    context.record(pod, "Warning", "Failed", `Error: ${message}`)
    return configRetryMs
  }
  if (entry.state.terminated) entry.lastState = entry.state
  if (entry.log) entry.previousLog = entry.log
  entry.log = log
  entry.restartCount = attempt
  entry.running = running
  entry.containerId = running.id
  entry.ready = false
  entry.started = false
  entry.state = { running: { startedAt: stamp(running.startedAt) } }
  context.record(pod, "Normal", "Started", `Container started: ${container.name}`)
  watch(runtime, container, context)
  return undefined
}

/** Follows a running container: its probes while it runs, and its end. Also after a restart of the kubelet. */
export function watch(runtime: PodRuntime, container: Container, context: ContainersContext): void {
  const { pod } = runtime
  const entry = entryOf(runtime, container.name)
  const { running } = entry
  if (!running) return
  const over = new AbortController()
  void running.exited.then((exit) => {
    over.abort()
    if (entry.running === running) ended(entry, running, exit, context.clock.now())
    context.wake()
  })
  startProber({
    container,
    target: context.probeTarget(runtime, container),
    clock: context.clock,
    signal: over.signal,
    onStarted: () => {
      entry.started = true
    },
    onReady: (ready) => {
      entry.ready = ready
      context.wake()
    },
    onFailure: (message) => context.record(pod, "Warning", "Unhealthy", message),
    onDead: (message) => {
      context.record(pod, "Normal", "Killing", message)
      void running.stop(graceMs(runtime))
    },
  })
}

function ended(entry: ContainerEntry, running: RunningContainer, exit: Exit, now: number): void {
  delete entry.running
  entry.ready = false
  entry.started = false
  entry.restartAt = now + entry.backoff.next(now - running.startedAt)
  entry.state = {
    terminated: {
      ...exit,
      startedAt: stamp(running.startedAt),
      finishedAt: stamp(now),
      containerID: `berth-lab://${running.id}`,
    },
  }
}

/** Stops what runs, all at the same time, with the grace that the deletion or else the spec gives. */
export async function stopContainers(
  runtime: PodRuntime,
  context: ContainersContext,
): Promise<void> {
  await Promise.all(
    [...runtime.containers].map(async ([name, { running }]) => {
      if (!running) return
      context.record(runtime.pod, "Normal", "Killing", `Stopping container ${name}`)
      await running.stop(graceMs(runtime))
    }),
  )
}

function graceMs({ pod }: PodRuntime): number {
  const { deletionGracePeriodSeconds: deletion } = pod.metadata as {
    deletionGracePeriodSeconds?: number
  }
  return 1000 * (deletion ?? pod.spec.terminationGracePeriodSeconds ?? 30)
}
