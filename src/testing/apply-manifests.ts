import { globSync, readFileSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { parseAllDocuments } from "yaml"
import type { KubeObject } from "../api/meta.ts"
import { clientKube } from "../kube/client/client-kube.ts"

/** Creates every object of the YAML files in `folder` by server-side apply, and waits until CRDs are served. */
export async function applyManifests(kubeconfig: string, folder: string): Promise<KubeObject[]> {
  using kube = clientKube({ kubeconfig })
  const objects = globSync(`${folder}/*.yaml`)
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(file, "utf8")))
    .map((document) => document.toJS() as KubeObject)
  for (const object of objects) {
    const [group = "", version = ""] = object.apiVersion.includes("/")
      ? object.apiVersion.split("/")
      : ["", object.apiVersion]
    const resource = {
      group,
      version,
      kind: object.kind,
      plural: pluralOf(object.kind),
      namespaced: object.metadata.namespace !== undefined,
    }
    await kube.patch(resource, object.metadata, {
      type: "apply",
      body: object,
      fieldManager: "test",
      force: true,
    })
    if (object.kind === "CustomResourceDefinition") await served(kube, object)
  }
  return objects
}

const pluralOf = (kind: string) =>
  kind.endsWith("y") ? `${kind.slice(0, -1).toLowerCase()}ies` : `${kind.toLowerCase()}s`

async function served(
  kube: { raw(path: string): Promise<unknown> },
  crd: KubeObject,
): Promise<void> {
  const { spec } = crd as KubeObject & {
    spec: { group: string; names: { plural: string }; versions: { name: string }[] }
  }
  const path = `/apis/${spec.group}/${spec.versions[0]?.name}/${spec.names.plural}`
  const deadline = Date.now() + 20_000
  for (;;) {
    const failure = await kube.raw(path).then(
      () => undefined,
      (error: Error) => error,
    )
    if (!failure) return
    if (Date.now() > deadline) throw failure
    await delay(50)
  }
}
