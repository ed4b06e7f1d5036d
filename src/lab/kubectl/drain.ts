import type { Pod } from "../../api/core.ts"
import { pods } from "../../api/resources.ts"
import { type Clock, systemClock } from "../../clock.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"
import type { Arguments } from "./arguments.ts"

const pollMs = 500

/** `drain NODE [--timeout=60s]` of a node that is cordoned. */
export async function drain(kube: Kube, args: Arguments): Promise<number> {
  const name = args.words[0] ?? ""
  const timeout = args.options.get("timeout")
  const limits = { clock: systemClock, timeoutMs: milliseconds(timeout) }
  if (!(await drainNode(kube, name, limits, (line) => console.log(line))))
    throw new Error(`drain did not complete within ${timeout}`)
  console.log(`node/${name} drained`)
  return 0
}

export interface DrainLimits {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/**
 * Evicts the pods that the node has now, but those of DaemonSets; false when some still are there at the time limit.
 * Later ones tolerate that the node is cordoned, and would come back for ever.
 */
export async function drainNode(
  kube: Kube,
  node: string,
  { clock, timeoutMs, signal }: DrainLimits,
  tell: (line: string) => void = () => {},
): Promise<boolean> {
  const deadline = clock.now() + timeoutMs
  const onNode = async () =>
    (await kube.list(pods, { fieldSelector: `spec.nodeName=${node}` })).items
  let left = (await onNode()).filter(
    (p) => !p.metadata.ownerReferences?.some((o) => o.kind === "DaemonSet"),
  )
  for (const { metadata } of left) tell(`evicting pod ${metadata.namespace}/${metadata.name}`)
  while (left.length > 0) {
    if (clock.now() > deadline) return false
    const staying = left.filter((p) => p.metadata.deletionTimestamp === undefined)
    await Promise.all(staying.map((pod) => evict(kube, pod)))
    await clock.sleep(pollMs, signal)
    const wanted = new Set(left.map((p) => p.metadata.uid))
    left = (await onNode()).filter((p) => wanted.has(p.metadata.uid))
  }
  return true
}

async function evict(kube: Kube, pod: Pod): Promise<void> {
  const { name, namespace = "default" } = pod.metadata
  try {
    await kube.createSubresource(pods, { name, namespace }, "eviction", {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace },
    })
  } catch (error) {
    // 429: a PodDisruptionBudget asks to wait. 404: it is gone already. Both are settled by the next look.
    if (!(error instanceof KubeError) || (error.status !== 429 && error.status !== 404)) throw error
  }
}

/** "60s" or "2m"; absent is an hour. */
const milliseconds = (text: string | undefined) =>
  text === undefined ? 3_600_000 : Number.parseInt(text, 10) * (text.endsWith("m") ? 60_000 : 1000)
