import { setTimeout as delay } from "node:timers/promises"
import type { Pod } from "../../api/core.ts"
import { pods } from "../../api/resources.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"
import type { Arguments } from "./arguments.ts"

const pollMs = 500

/** Evicts every pod of the node that no DaemonSet owns and waits until they are gone. */
export async function drain(kube: Kube, args: Arguments): Promise<number> {
  const name = args.words[0] ?? ""
  const deadline = Date.now() + seconds(args.options.get("timeout")) * 1000
  let waiting = await evictable(kube, name)
  for (const pod of waiting)
    console.log(`evicting pod ${pod.metadata.namespace}/${pod.metadata.name}`)
  while (waiting.length > 0) {
    if (Date.now() > deadline)
      throw new Error(`drain did not complete within ${args.options.get("timeout")}`)
    for (const pod of waiting)
      if (pod.metadata.deletionTimestamp === undefined) await evict(kube, pod)
    await delay(pollMs)
    waiting = await evictable(kube, name)
  }
  console.log(`node/${name} drained`)
  return 0
}

export async function evictable(kube: Kube, node: string): Promise<Pod[]> {
  const { items } = await kube.list(pods, { fieldSelector: `spec.nodeName=${node}` })
  return items.filter((p) => !p.metadata.ownerReferences?.some((o) => o.kind === "DaemonSet"))
}

export async function evict(kube: Kube, pod: Pod): Promise<void> {
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
const seconds = (text: string | undefined) =>
  text === undefined ? 3600 : Number.parseInt(text, 10) * (text.endsWith("m") ? 60 : 1)
