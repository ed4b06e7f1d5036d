import type { Subject } from "../api-error.ts"
import type { ApiObject } from "../api-object.ts"
import type { Schema } from "./schema.ts"

/** Everything the server knows about one served resource, built-in or custom. */
export interface ResourceType extends Subject {
  readonly version: string
  readonly singular: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  /** Names of the subresources besides status and scale, with the kind and verbs that discovery tells. */
  readonly subresources: readonly Subresource[]
  readonly status: boolean
  readonly scale?: ScalePaths
  /** True where a change of the spec raises metadata.generation. */
  readonly generation: boolean
  readonly schema: Schema
  /** Collection of the store; several versions of a kind share one. */
  readonly collection: string
  /** Fields, besides the metadata's, that a field selector may name. */
  readonly selectable: ReadonlySet<string>
  /** Between this version and the stored one, where they differ by more than apiVersion. */
  readonly conversion?: Conversion
  /** A warning that every request for the resource gets. */
  readonly deprecated?: string
  /** Set for custom resources. */
  readonly custom?: CustomType
}

export interface Subresource {
  readonly name: string
  readonly kind: string
  readonly verbs: readonly string[]
  readonly group?: string
  readonly version?: string
}

/** Paths, in dots, of the fields that the scale subresource shows. */
export interface ScalePaths {
  readonly spec: string
  readonly status: string
  /** Of the selector: a label selector object for built-in kinds, its text for custom ones. */
  readonly selector?: string
}

export interface Conversion {
  toStored(object: ApiObject): ApiObject
  fromStored(object: ApiObject): ApiObject
}

export interface CustomType {
  readonly crd: string
  readonly columns: readonly PrinterColumn[]
}

/** One of a CRD's additionalPrinterColumns. */
export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly jsonPath: string
}

export const apiVersionOf = (type: { group: string; version: string }): string =>
  type.group === "" ? type.version : `${type.group}/${type.version}`

/** Key of an object within its collection. */
export const keyOf = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === "" ? name : `${namespace}/${name}`

export const keyOfObject = (object: ApiObject): string =>
  keyOf(object.metadata.namespace, object.metadata.name)
