import type { KubeObject } from "./meta.ts"

interface Peer {
  ipBlock?: { cidr: string }
}

/** networking.k8s.io/v1 NetworkPolicy, as far as it names blocks of addresses. */
export interface NetworkPolicy extends KubeObject {
  spec?: { ingress?: { from?: Peer[] }[]; egress?: { to?: Peer[] }[] }
}
