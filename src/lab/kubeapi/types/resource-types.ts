import { builtinResources, requestKinds } from "./builtin-resources.ts"
import { apiVersionOf, type ResourceType } from "./resource-type.ts"
import type { Schema } from "./schema.ts"

/** The served resources: the built-in table, and what CustomResourceDefinitions add. */
export class ResourceTypes {
  readonly #byPath = new Map<string, ResourceType>()
  /** Raised by every change, so that documents made from the whole can be kept until then. */
  version = 0
  #stored: { version: number; one: Map<string, ResourceType> } | undefined

  constructor() {
    for (const type of builtinResources) this.add(type)
  }

  add(type: ResourceType): void {
    this.#byPath.set(`${apiVersionOf(type)}/${type.plural}`, type)
    this.version++
  }

  remove(type: ResourceType): void {
    this.#byPath.delete(`${apiVersionOf(type)}/${type.plural}`)
    this.version++
  }

  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.#byPath.get(`${apiVersionOf({ group, version })}/${plural}`)
  }

  hasVersion(group: string, version: string): boolean {
    return this.all().some((t) => t.group === group && t.version === version)
  }

  byKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.all().find((t) => apiVersionOf(t) === apiVersion && t.kind === kind)
  }

  /** The schema of a kind that is served, or of one that only requests carry. */
  schemaOf(apiVersion: string, kind: string): Schema | undefined {
    return (this.byKind(apiVersion, kind) ?? requestKinds.get(`${apiVersion}/${kind}`))?.schema
  }

  /** In the order of registration: built-in kinds first. */
  all(): ResourceType[] {
    return [...this.#byPath.values()]
  }

  /** One type per stored collection. */
  stored(): ResourceType[] {
    return [...this.#collections().values()]
  }

  ofCollection(collection: string): ResourceType | undefined {
    return this.#collections().get(collection)
  }

  #collections(): Map<string, ResourceType> {
    if (this.#stored?.version !== this.version) {
      const one = new Map<string, ResourceType>()
      for (const t of this.all()) {
        if (t.verbs.includes("list") && !one.has(t.collection)) one.set(t.collection, t)
      }
      this.#stored = { version: this.version, one }
    }
    return this.#stored.one
  }
}
