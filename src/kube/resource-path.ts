import type { KubeObject } from "../api/meta.ts"
import type { Resource } from "../api/resources.ts"
import type { ListQuery, WatchEvent } from "./kube.ts"

/** "v1" or "group/version". */
export const apiVersionOf = (resource: Resource<KubeObject>): string =>
  resource.group === "" ? resource.version : `${resource.group}/${resource.version}`

/** Path of the collection, or of one object when `name` is given. */
export function resourcePath(
  resource: Resource<KubeObject>,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root = resource.group === "" ? "/api" : "/apis"
  const scope =
    resource.namespaced && namespace !== undefined
      ? `/namespaces/${encodeURIComponent(namespace)}`
      : ""
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`
  const sub = subresource === undefined ? "" : `/${subresource}`
  return `${root}/${apiVersionOf(resource)}${scope}/${resource.plural}${object}${sub}`
}

/** Key of an object in caches and queues: "name" or "namespace/name". */
export const keyOf = (name: string, namespace?: string): string =>
  namespace === undefined || namespace === "" ? name : `${namespace}/${name}`

export const keyOfObject = (object: KubeObject): string =>
  keyOf(object.metadata.name, object.metadata.namespace)

/** Query parameters of a list or watch; undefined values are left out. */
export function selectorParams(query: ListQuery): Record<string, string> {
  return {
    ...(query.labelSelector ? { labelSelector: query.labelSelector } : {}),
    ...(query.fieldSelector ? { fieldSelector: query.fieldSelector } : {}),
  }
}

/** The event that every watch begins with. */
export function openingBookmark<T extends KubeObject>(
  resource: Resource<T>,
  resourceVersion: string,
): WatchEvent<T> {
  const { kind } = resource
  const object = {
    apiVersion: apiVersionOf(resource),
    kind,
    metadata: { name: "", resourceVersion },
  }
  return { type: "BOOKMARK", object: object as T }
}
