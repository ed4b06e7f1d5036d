import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseAllDocuments } from "yaml"
import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"

/** A CRD needs a moment until its kind is served. */
const deadlineMs = 20_000
const pollMs = 50

export interface Applier {
  kube: Kube
  clock: Clock
  signal: AbortSignal
}

/** The objects of YAML documents, in order. */
export function readManifests(...texts: readonly string[]): KubeObject[] {
  return texts.flatMap((text) =>
    parseAllDocuments(text).flatMap((document) => {
      if (document.errors[0]) throw document.errors[0]
      const object = document.toJS() as KubeObject | null
      return object?.kind ? [object] : []
    }),
  )
}

export const readManifestFolder = (folder: string): KubeObject[] =>
  readManifests(
    ...readdirSync(folder)
      .filter((f) => f.endsWith(".yaml"))
      .sort()
      .map((f) => readFileSync(join(folder, f), "utf8")),
  )

/** What `kubectl apply` leaves, so that the user's next apply has something to compare with. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

/** Creates objects as `kubectl apply` does, waiting for kinds and namespaces that are on their way. */
export async function applyManifests(
  applier: Applier,
  objects: readonly KubeObject[],
): Promise<void> {
  const resources = new Map<string, Resource<KubeObject>>()
  for (const object of objects) {
    const kind = `${object.apiVersion}/${object.kind}`
    const resource = resources.get(kind) ?? (await eventually(applier, () => find(applier, object)))
    resources.set(kind, resource)
    const namespace = resource.namespaced ? (object.metadata.namespace ?? "default") : undefined
    const metadata = {
      ...object.metadata,
      ...(namespace === undefined ? {} : { namespace }),
      annotations: {
        ...object.metadata.annotations,
        [lastApplied]: `${JSON.stringify({ ...object, metadata: { annotations: {}, ...object.metadata } })}\n`,
      },
    }
    const wanted = { ...object, metadata }
    await eventually(applier, () => createOrMerge(applier.kube, resource, wanted))
  }
}

async function createOrMerge(
  kube: Kube,
  resource: Resource<KubeObject>,
  object: KubeObject,
): Promise<void> {
  try {
    await kube.create(resource, object)
  } catch (error) {
    if (!(error instanceof KubeError && error.reason === "AlreadyExists")) throw error
    await kube.patch(resource, object.metadata, { type: "merge", body: object })
  }
}

async function find({ kube }: Applier, object: KubeObject): Promise<Resource<KubeObject>> {
  const [version = "", group = ""] = object.apiVersion.split("/").reverse()
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`
  const list = (await kube.raw(path)) as {
    resources?: { name: string; kind: string; namespaced: boolean }[]
  }
  const found = list.resources?.find((r) => r.kind === object.kind && !r.name.includes("/"))
  if (!found) throw new KubeError(404, "NotFound", `the API has no ${object.kind} in ${path}`)
  return { group, version, plural: found.name, kind: found.kind, namespaced: found.namespaced }
}

/** Repeats what fails for a reason that passes: not served yet, namespace or account not there yet, conflict. */
async function eventually<T>(applier: Applier, attempt: () => Promise<T>): Promise<T> {
  const { clock, signal } = applier
  const deadline = clock.now() + deadlineMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const passing =
        error instanceof KubeError && [0, 403, 404, 409, 429, 500, 503].includes(error.status)
      if (!passing || clock.now() > deadline) throw error
      await clock.sleep(pollMs, signal)
    }
  }
}
