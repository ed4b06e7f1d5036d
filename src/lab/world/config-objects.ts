import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"

/** ConfigMaps and Secrets, as far as container environments read them. */
interface DataObject extends KubeObject {
  data?: Record<string, string>
}

const core = (plural: string, kind: string): Resource<DataObject> => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced: true,
})

export const configMaps = core("configmaps", "ConfigMap")
/** Values are base64. */
export const secrets = core("secrets", "Secret")
