import type { Logger } from "../../../log.ts"
import { isFinished, type LabPod, podKey } from "../../loops/pod.ts"
import { canonicalJson } from "../../loops/template-hash.ts"
import { networkNotReady } from "../node/node-conditions.ts"
import type { Sandboxes } from "../runtime/sandbox.ts"
import { networkRetryMs, syncRetryMs } from "./backoff.ts"
import { type ContainersContext, stopContainers, syncContainers, watch } from "./pod-containers.ts"
import type { PodRuntime } from "./pod-runtime.ts"
import { podStatus } from "./pod-status.ts"

export interface PodWorkerContext extends Omit<ContainersContext, "wake"> {
  random: () => number
  log: Logger
  sandboxes: Sandboxes
  hostAddress: string
  retryMs?: number
  /** Writes the status; failures are the worker's to repeat. */
  writeStatus: (pod: LabPod, status: NonNullable<LabPod["status"]>) => Promise<void>
  /** Tells the API that nothing of the pod is left. */
  confirmDeletion: (pod: LabPod) => Promise<void>
}

const statusRetryMs = 1_000

/** Serves one pod from its first sight to the removal of everything it left, one step at a time. */
export class PodWorker {
  readonly #context: PodWorkerContext
  readonly #containers: ContainersContext
  readonly #runtime: PodRuntime
  #gone = false
  #stopped = false
  #wake = Promise.withResolvers<void>()
  #reported = ""
  /** Ends the ADD under way: the pod was deleted, or the kubelet stops. */
  readonly #unwanted = new AbortController()
  /** Resolves when the worker has ended: the pod is gone, or the kubelet stopped. */
  readonly done: Promise<void>

  constructor(context: PodWorkerContext, runtime: PodRuntime) {
    this.#context = context
    this.#runtime = runtime
    this.#containers = { ...context, wake: () => this.#wake.resolve() }
    // After a restart of the kubelet its containers run already.
    for (const c of [...(runtime.pod.spec.initContainers ?? []), ...runtime.pod.spec.containers])
      watch(runtime, c, this.#containers)
    this.done = this.#loop()
  }

  /** A newer version of the pod; undefined when the API has it no more. */
  update(pod: LabPod | undefined): void {
    if (pod) {
      const before = this.#runtime.pod
      this.#runtime.pod = pod
      // Its own status writes come back as changes; only what others changed is a reason to hurry.
      if (!differs(before, pod)) return
    } else this.#gone = true
    if (this.#terminating) this.#unwanted.abort()
    this.#wake.resolve()
  }

  /** The kubelet stops: whatever runs goes on. */
  stop(): void {
    this.#stopped = true
    // As the runtime does when its client hangs up.
    this.#unwanted.abort()
    this.#wake.resolve()
  }

  /** The API has the pod no more. */
  get gone(): boolean {
    return this.#gone
  }

  get #terminating(): boolean {
    return this.#gone || this.#runtime.pod.metadata.deletionTimestamp !== undefined
  }

  async #loop(): Promise<void> {
    const { clock, random, log } = this.#context
    while (!this.#stopped) {
      this.#wake = Promise.withResolvers()
      let dueMs: number | undefined
      try {
        if (this.#terminating) {
          await this.#terminate()
          return
        }
        dueMs = await this.#sync()
      } catch (error) {
        dueMs = syncRetryMs(random, this.#context.retryMs)
        log.warn("pod sync failed", {
          pod: podKey(this.#runtime.pod),
          error: (error as Error).message,
          retryInMs: dueMs,
        })
      }
      await this.#waitFor(dueMs, clock)
    }
  }

  async #waitFor(dueMs: number | undefined, clock: PodWorkerContext["clock"]): Promise<void> {
    const timer = new AbortController()
    const due =
      dueMs === undefined
        ? new Promise<void>(() => {})
        : clock.sleep(dueMs, timer.signal).catch(() => {})
    await Promise.race([this.#wake.promise, due])
    timer.abort()
  }

  async #sync(): Promise<number | undefined> {
    const { pod } = this.#runtime
    if (isFinished(pod)) {
      await this.#removeSandboxes()
      return undefined
    }
    const blocked = await this.#ensureSandbox()
    if (blocked !== undefined) {
      const statusDue = await this.#report()
      return Math.min(blocked, statusDue ?? blocked)
    }
    const due = await syncContainers(this.#runtime, this.#containers)
    const statusDue = await this.#report()
    return statusDue === undefined ? due : Math.min(statusDue, due ?? statusDue)
  }

  /** Undefined when the pod has its network; else in how many ms to try again. */
  async #ensureSandbox(): Promise<number | undefined> {
    const { sandboxes, record, random } = this.#context
    const runtime = this.#runtime
    const { pod } = runtime
    if (pod.spec.hostNetwork || runtime.sandbox) return undefined
    if (!sandboxes.networkReady) {
      record(pod, "Warning", "NetworkNotReady", `network is not ready: ${networkNotReady}`)
      return networkRetryMs
    }
    await this.#report()
    try {
      // What an earlier try left behind goes first: the plugin must not see two sandboxes of one pod.
      await this.#removeSandboxes()
      runtime.sandbox = await sandboxes.create(pod, this.#unwanted.signal)
      return undefined
    } catch (error) {
      if (this.#terminating || this.#stopped) return 0
      const why = `rpc error: code = Unknown desc = ${(error as Error).message}`
      record(pod, "Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${why}`)
      return syncRetryMs(random, this.#context.retryMs)
    }
  }

  async #terminate(): Promise<void> {
    const { clock, random, record, log, confirmDeletion } = this.#context
    const { pod } = this.#runtime
    const stopping = stopContainers(this.#runtime, this.#containers)
    await this.#report()
    await stopping
    for (;;) {
      try {
        await this.#removeSandboxes()
        break
      } catch (error) {
        const why = `rpc error: code = Unknown desc = ${(error as Error).message}`
        record(
          pod,
          "Warning",
          "FailedKillPod",
          `error killing pod: failed to "KillPodSandbox" for "${pod.metadata.uid}" with KillPodSandboxError: ${JSON.stringify(why)}`,
        )
        this.#wake = Promise.withResolvers()
        if (this.#stopped) return
        await this.#waitFor(syncRetryMs(random, this.#context.retryMs), clock)
      }
    }
    for (const entry of this.#runtime.containers.values()) entry.log?.close()
    while (!this.#gone && !this.#stopped) {
      this.#wake = Promise.withResolvers()
      await this.#report()
      try {
        await confirmDeletion(pod)
        return
      } catch (error) {
        log.warn("deletion not confirmed", { pod: podKey(pod), error: (error as Error).message })
        await this.#waitFor(statusRetryMs, clock)
      }
    }
  }

  async #removeSandboxes(): Promise<void> {
    const { sandboxes } = this.#context
    const left = sandboxes.of(this.#runtime.pod.metadata.uid ?? "")
    for (const sandbox of left) await sandboxes.remove(sandbox)
    delete this.#runtime.sandbox
  }

  /** Writes the status when it says something new. Returns when to try again after a failure. */
  async #report(): Promise<number | undefined> {
    if (this.#gone) return undefined
    const { clock, hostAddress, writeStatus, log } = this.#context
    const { pod, sandbox, containers, startTime } = this.#runtime
    const status = podStatus({
      pod,
      containers,
      hostAddress,
      podAddress: sandbox?.address,
      startTime,
      sandboxReady: Boolean(pod.spec.hostNetwork || sandbox),
      now: clock.now(),
    })
    const text = canonicalJson(status)
    if (text === this.#reported) return undefined
    try {
      await writeStatus(pod, status)
      this.#reported = text
      return undefined
    } catch (error) {
      log.debug("status not written", { pod: podKey(pod), error: (error as Error).message })
      return statusRetryMs
    }
  }
}

/** True when somebody else than this kubelet changed the pod. */
function differs(a: LabPod, b: LabPod): boolean {
  const of = ({ metadata, spec }: LabPod) =>
    canonicalJson([spec, metadata.labels, metadata.annotations, metadata.deletionTimestamp])
  return of(a) !== of(b)
}
