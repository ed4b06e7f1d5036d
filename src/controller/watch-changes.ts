import { isDeepStrictEqual } from "node:util"
import type { KubeObject } from "../api/meta.ts"
import type { WorkQueue } from "../kube/work-queue.ts"
import type { ControllerInformers } from "./informers.ts"
import type { NodeState } from "./node-state.ts"

export interface Marks {
  nodes: WorkQueue
  configs: WorkQueue
  pools: WorkQueue
  stateOf: (node: string) => NodeState | undefined
}

/**
 * Marks what a change concerns, and nothing more. Placement objects change rarely, so a change of one may cost a walk
 * over the nodes. Returns what ends the subscriptions.
 */
export function watchChanges(informers: ControllerInformers, marks: Marks): (() => void)[] {
  const { nodeNetworks, nodes, eniConfigs, pools, policies } = informers
  const everyNode = () => {
    for (const { metadata } of nodeNetworks.list()) marks.nodes.add(metadata.name)
  }
  return [
    nodeNetworks.onChange(({ key, object, previous }) => {
      if (!sameGeneration(object, previous)) marks.nodes.add(key)
    }),
    nodes.onChange(({ key, object, previous }) => {
      if (!sameMeaning(object, previous)) marks.nodes.add(key)
    }),
    eniConfigs.onChange(({ key, object, previous }) => {
      if (sameGeneration(object, previous)) return
      marks.configs.add(key)
      for (const { metadata, status } of nodeNetworks.list()) {
        const bound = marks.stateOf(metadata.name)?.written?.binding ?? status?.binding
        if (bound === undefined || bound.name === key) marks.nodes.add(metadata.name)
      }
    }),
    pools.onChange(({ key, object, previous }) => {
      if (sameGeneration(object, previous)) return
      marks.pools.add(key)
      everyNode()
    }),
    policies.onChange(({ object, previous }) => {
      if (!sameGeneration(object, previous)) everyNode()
    }),
  ]
}

/** The controller's own writes of status come back as changes, too; they leave the generation alone. */
function sameGeneration(a: KubeObject | undefined, b: KubeObject | undefined): boolean {
  return a !== undefined && b !== undefined && a.metadata.generation === b.metadata.generation
}

/** Kubelets write their node's status all the time; what decides placements differs rarely. */
function sameMeaning(a: KubeObject | undefined, b: KubeObject | undefined): boolean {
  if (!a || !b) return a === b
  const { resourceVersion: _a, ...metaA } = a.metadata
  const { resourceVersion: _b, ...metaB } = b.metadata
  return isDeepStrictEqual({ ...a, metadata: metaA }, { ...b, metadata: metaB })
}
