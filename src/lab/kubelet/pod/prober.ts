import type { Clock } from "../../../clock.ts"
import type { Container, Probe } from "../../loops/pod.ts"
import { type ProbeTarget, runProbe } from "./probe.ts"

export interface ProberOptions {
  container: Container
  target: ProbeTarget
  clock: Clock
  /** Ends the probing: the container stopped. */
  signal: AbortSignal
  onReady: (ready: boolean) => void
  onStarted: () => void
  /** A probe failed, once per failure, with what kubelet's event says. */
  onFailure: (message: string) => void
  /** The liveness or startup probe gave the container up. */
  onDead: (message: string) => void
}

/** Probes one running container until its signal ends it: startup first, then readiness and liveness side by side. */
export function startProber(options: ProberOptions): void {
  const { startupProbe, readinessProbe, livenessProbe } = options.container
  const begin = () => {
    options.onStarted()
    if (!readinessProbe) options.onReady(true)
    else void repeat(options, readinessProbe, "Readiness", options.onReady)
    if (livenessProbe)
      void repeat(options, livenessProbe, "Liveness", (alive) => alive || giveUp("liveness"))
  }
  const giveUp = (which: string) =>
    options.onDead(`Container ${options.container.name} failed ${which} probe, will be restarted`)
  if (!startupProbe) begin()
  else {
    const started = new AbortController()
    const signal = AbortSignal.any([options.signal, started.signal])
    void repeat({ ...options, signal }, startupProbe, "Startup", (up) => {
      if (!up) return giveUp("startup")
      started.abort()
      begin()
    })
  }
}

const eagerSeconds = 0.25

/** Calls back when the thresholds turn the verdict; `false` needs failures, so the first success turns it to true. */
async function repeat(
  { container, target, clock, signal, onFailure }: ProberOptions,
  probe: Probe,
  kind: string,
  onVerdict: (good: boolean) => void,
): Promise<void> {
  const { initialDelaySeconds = 0, periodSeconds = 10 } = probe
  const { successThreshold = 1, failureThreshold = 3 } = probe
  let verdict: boolean | undefined
  const row = { good: 0, bad: 0 }
  const pause = (seconds: number) => clock.sleep(seconds * 1000, signal).catch(() => {})
  if (initialDelaySeconds > 0) await pause(initialDelaySeconds)
  while (!signal.aborted) {
    const why = await runProbe(probe, container, target)
    if (signal.aborted) return
    row.good = why === undefined ? row.good + 1 : 0
    row.bad = why === undefined ? 0 : row.bad + 1
    if (why !== undefined) onFailure(`${kind} probe failed: ${why}`)
    const turned = verdict !== true && row.good >= successThreshold
    if (turned || (verdict !== false && row.bad >= failureThreshold)) {
      verdict = turned
      onVerdict(verdict)
    }
    // What has just started is asked more often than it says: the lab is to be ready in seconds.
    const eager = kind !== "Liveness" && verdict !== true
    await pause(eager ? Math.min(periodSeconds, eagerSeconds) : periodSeconds)
  }
}
