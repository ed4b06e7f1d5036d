import type { KubeObject } from "../../api/meta.ts"
import { controllerReference } from "./owner.ts"
import type { LabPod } from "./pod.ts"
import type { PodTemplate } from "./workloads.ts"

/** A pod of `template`, controlled by `owner`. */
export function newPod(
  owner: KubeObject,
  template: PodTemplate,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): LabPod {
  const { annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      ...(owner.metadata.namespace ? { namespace: owner.metadata.namespace } : {}),
      generateName: `${owner.metadata.name}-`,
      labels: { ...template.metadata?.labels, ...labels },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec: structuredClone(template.spec),
  }
}
