import type { KubeObject } from "./meta.ts"

/** karpenter.sh/v1 NodeClaim: deleting it makes Karpenter drain and end its node. */
export interface NodeClaim extends KubeObject {
  status?: { nodeName?: string }
}
