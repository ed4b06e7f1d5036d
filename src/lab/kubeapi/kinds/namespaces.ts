import { timeText } from "../api-object.ts"
import { asObject, clone } from "../json.ts"
import type { Core } from "../write/core.ts"
import type { Strategy } from "./strategy.ts"

export const namespaceStrategy: Strategy = {
  defaults: (draft) => {
    draft.metadata.labels = {
      ...draft.metadata.labels,
      "kubernetes.io/metadata.name": draft.metadata.name,
    }
  },
  onCreate: (draft) => {
    draft.spec = { finalizers: ["kubernetes"] }
    draft.status = { phase: "Active" }
  },
  onUpdate: (draft, old) => {
    draft.spec = clone(asObject(old.spec))
  },
  afterWrite: (core, namespace, old) => {
    if (old === undefined) furnish(core, namespace.metadata.name)
  },
}

/** What controllers put into every new namespace. Made at once, so that a pod may follow in the next request. */
export function furnish(core: Core, namespace: string): void {
  const metadata = (name: string) => ({
    name,
    namespace,
    uid: core.uid(),
    creationTimestamp: timeText(core.clock.now()),
  })
  core.store.put("/serviceaccounts", `${namespace}/default`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata("default"),
  })
  core.store.put("/configmaps", `${namespace}/kube-root-ca.crt`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata("kube-root-ca.crt"),
    data: { "ca.crt": core.certificateAuthority },
  })
}
