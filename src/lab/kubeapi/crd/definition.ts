import { complaint } from "../api-error.ts"
import { type ApiObject, timeText } from "../api-object.ts"
import {
  asArray,
  asObject,
  isObject,
  type JsonObject,
  objectAt,
  objectsAt,
  stringAt,
} from "../json.ts"
import { member, preset } from "../kinds/pod-template.ts"
import type { Strategy } from "../kinds/strategy.ts"
import type { PrinterColumn, ResourceType, ScalePaths } from "../types/resource-type.ts"
import type { Schema } from "../types/schema.ts"
import type { Core } from "../write/core.ts"

const verbs = "delete deletecollection get list patch create update watch".split(" ")

/** CustomResourceDefinitions are served from the moment they are stored. */
export const definitionStrategy: Strategy = {
  defaults: (draft) => {
    const spec = member(draft, "spec")
    preset(spec, "conversion", { strategy: "None" })
    const names = member(spec, "names")
    preset(names, "singular", stringAt(names, "kind").toLowerCase())
    preset(names, "listKind", `${stringAt(names, "kind")}List`)
  },
  onCreate: (draft, core) => {
    draft.status = statusOf(draft, core)
  },
  onUpdate: (draft, old) => {
    draft.status = { ...asObject(old.status), acceptedNames: objectAt(draft, "spec", "names") }
  },
  validate: (definition) => {
    const [group, plural] = [
      stringAt(definition, "spec", "group"),
      stringAt(definition, "spec", "names", "plural"),
    ]
    const name = `${plural}.${group}`
    return [
      ...(definition.metadata.name === name
        ? []
        : [
            complaint.invalid(
              "metadata.name",
              definition.metadata.name,
              `must be spec.names.plural+"."+spec.group`,
            ),
          ]),
      ...objectsAt(definition, "spec", "versions").flatMap((v, i) =>
        isObject(asObject(v.schema).openAPIV3Schema)
          ? []
          : [
              complaint.required(
                `spec.versions[${i}].schema.openAPIV3Schema`,
                "schemas are required",
              ),
            ],
      ),
    ]
  },
  afterWrite: (core, definition, old) => {
    for (const type of old ? typesOf(old) : []) core.types.remove(type)
    for (const type of typesOf(definition)) core.types.add(type)
  },
  afterRemove: (core, definition) => {
    for (const type of typesOf(definition)) {
      for (const [key] of [...core.store.collection(type.collection).list()]) {
        core.store.remove(type.collection, key)
      }
      core.types.remove(type)
    }
  },
}

function statusOf(draft: ApiObject, core: Core): JsonObject {
  const now = timeText(core.clock.now())
  const condition = (type: string, reason: string, message: string) => ({
    lastTransitionTime: now,
    message,
    reason,
    status: "True",
    type,
  })
  const stored = objectsAt(draft, "spec", "versions").find((v) => v.storage === true)
  return {
    acceptedNames: { ...objectAt(draft, "spec", "names") },
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ],
    storedVersions: stored ? [stored.name] : [],
  }
}

/** The resources that a definition serves, one per served version. */
function typesOf(definition: ApiObject): ResourceType[] {
  const spec = asObject(definition.spec)
  const names = asObject(spec.names)
  const group = stringAt(spec, "group")
  const plural = stringAt(names, "plural")
  const strings = (v: unknown) => asArray(v).filter((s) => typeof s === "string")
  return objectsAt(spec, "versions")
    .filter((v) => v.served === true)
    .map((version): ResourceType => {
      const subresources = asObject(version.subresources)
      const scale = scaleOf(subresources.scale)
      return {
        group,
        version: stringAt(version, "name"),
        kind: stringAt(names, "kind"),
        plural,
        singular: stringAt(names, "singular"),
        listKind: stringAt(names, "listKind"),
        namespaced: spec.scope === "Namespaced",
        shortNames: strings(names.shortNames),
        categories: strings(names.categories),
        verbs,
        subresources: [],
        status: isObject(subresources.status),
        ...(scale ? { scale } : {}),
        generation: true,
        schema: objectAt(version, "schema", "openAPIV3Schema") as Schema,
        collection: `${group}/${plural}`,
        selectable: new Set([
          "metadata.name",
          "metadata.namespace",
          ...objectsAt(version, "selectableFields").map((f) =>
            stringAt(f, "jsonPath").replace(/^\./, ""),
          ),
        ]),
        custom: {
          crd: definition.metadata.name,
          columns: objectsAt(version, "additionalPrinterColumns").map(columnOf),
        },
      }
    })
}

function scaleOf(scale: unknown): ScalePaths | undefined {
  if (!isObject(scale)) return undefined
  const path = (field: string) => stringAt(scale, field).replace(/^\./, "")
  return {
    spec: path("specReplicasPath"),
    status: path("statusReplicasPath"),
    ...(scale.labelSelectorPath === undefined ? {} : { selector: path("labelSelectorPath") }),
  }
}

const columnOf = (column: JsonObject): PrinterColumn => ({
  name: stringAt(column, "name"),
  type: stringAt(column, "type"),
  jsonPath: stringAt(column, "jsonPath"),
  ...(typeof column.format === "string" ? { format: column.format } : {}),
  ...(typeof column.description === "string" ? { description: column.description } : {}),
  ...(typeof column.priority === "number" ? { priority: column.priority } : {}),
})
