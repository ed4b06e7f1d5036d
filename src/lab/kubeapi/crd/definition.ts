import { type Cause, complaint } from "../api-error.ts"
import { type ApiObject, timeText } from "../api-object.ts"
import { trackUpdate } from "../apply/managed-fields.ts"
import { whyNot } from "../cel/programs.ts"
import {
  arrayAt,
  asArray,
  asObject,
  clone,
  equal,
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
import { rulesOf } from "./rules.ts"

const collection = "apiextensions.k8s.io/customresourcedefinitions"
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
  onCreate: (draft) => {
    const storage = objectsAt(draft, "spec", "versions").filter((v) => v.storage === true)
    const stored = storage.map((v) => v.name)
    draft.status = { ...asObject(draft.status), storedVersions: stored.length > 0 ? stored : null }
  },
  validate: definitionCauses,
  afterWrite: (core, definition, old) => {
    for (const type of old ? typesOf(old) : []) core.types.remove(type)
    for (const type of typesOf(definition)) core.types.add(type)
    establish(core, definition)
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

function definitionCauses(definition: ApiObject): Cause[] {
  const group = stringAt(definition, "spec", "group")
  const plural = stringAt(definition, "spec", "names", "plural")
  const { name } = definition.metadata
  const versions = objectsAt(definition, "spec", "versions")
  const causes: Cause[] = []
  if (name !== `${plural}.${group}`) {
    causes.push(
      complaint.invalid("metadata.name", name, `must be spec.names.plural+"."+spec.group`),
    )
  }
  if (versions.filter((v) => v.storage === true).length !== 1) {
    const shown = versions.map((v) => v.name)
    causes.push(
      complaint.invalid(
        "spec.versions",
        shown,
        "must have exactly one version marked as storage version",
      ),
    )
  }
  if (arrayAt(definition, "status", "storedVersions").length === 0) {
    const given = objectAt(definition, "status").storedVersions
    causes.push(
      complaint.invalid("status.storedVersions", given, "must have at least one stored version"),
    )
  }
  const broken = versions.flatMap((v, i) =>
    [
      ...rulesOf(
        asObject(asObject(v.schema).openAPIV3Schema),
        `spec.versions[${i}].schema.openAPIV3Schema`,
      ),
    ].flatMap(([path, rule]) => {
      const why = whyNot(rule)
      return why === undefined ? [] : [complaint.invalid(path, rule, `compilation failed: ${why}`)]
    }),
  )
  const bare = versions.flatMap((v, i) =>
    isObject(asObject(v.schema).openAPIV3Schema)
      ? []
      : [complaint.required(`spec.versions[${i}].schema.openAPIV3Schema`, "schemas are required")],
  )
  return [...causes, ...broken, ...bare]
}

/** Says in the status that the definition is served, as the API server's own controllers do a moment later. */
function establish(core: Core, definition: ApiObject): void {
  const type = core.types.ofCollection(collection)
  const names = objectAt(definition, "spec", "names")
  const conditions = objectsAt(definition, "status", "conditions")
  const done = conditions.some((c) => c.type === "Established" && c.status === "True")
  if (type === undefined || (done && equal(objectAt(definition, "status").acceptedNames, names)))
    return
  const now = timeText(core.clock.now())
  const condition = (kind: string, reason: string, message: string) => ({
    type: kind,
    status: "True",
    lastTransitionTime: now,
    reason,
    message,
  })
  const draft = clone(definition)
  draft.status = {
    ...asObject(draft.status),
    acceptedNames: clone(names),
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ],
  }
  const options = { fieldManager: "kube-apiserver" }
  trackUpdate({ core, type, before: definition, after: draft, subresource: "status", options })
  core.store.put(collection, draft.metadata.name, draft)
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
