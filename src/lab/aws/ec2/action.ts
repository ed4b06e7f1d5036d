import type { Cloud } from "../../../ec2/memory/cloud.ts"
import type { Core, Views } from "../../../ec2/memory/core.ts"
import { badCombination, invalid } from "../../../ec2/memory/fault.ts"
import type { Describe } from "../../../ec2/memory/views.ts"
import type { Tags } from "../../../vpc/model.ts"
import type { Param } from "../form.ts"
import {
  type Fields,
  flag,
  ignored,
  integer,
  list,
  object,
  type Read,
  readFields,
  required,
  text,
} from "../shape.ts"
import type { Xml, XmlObject } from "../xml.ts"

/** What an action works on: the truth, and what describe calls see of it. */
export interface Scene {
  readonly cloud: Cloud
  readonly core: Core
  readonly views: Views
}

/** An action of the EC2 API, ready to serve. */
export interface Action {
  /** Names of the parameters it takes. */
  readonly parameters: readonly string[]
  /** Decodes the parameters; faults on bad ones. */
  prepare(params: Param): Prepared
}

export interface Prepared {
  readonly dryRun: boolean
  readonly unfiltered: boolean
  run(scene: Scene): XmlObject
}

/** Declares an action: its parameters by name, and what it does and answers. */
export function action<F extends Fields>(spec: {
  readonly in: F
  readonly run: (scene: Scene, params: Read<F>) => XmlObject
}): Action {
  return {
    parameters: Object.keys(spec.in),
    prepare(raw) {
      const dryRun = readFields(
        { DryRun: flag },
        only(raw, (name) => name === "DryRun"),
      ).DryRun
      const params = readFields(
        spec.in,
        only(raw, (name) => name !== "DryRun"),
      )
      return {
        dryRun: dryRun === true,
        unfiltered: false,
        run: (scene) => spec.run(scene, params),
      }
    },
  }
}

/** Declares an action that has nothing to answer but that it was done. */
export const command = <F extends Fields>(spec: {
  readonly in: F
  readonly run: (scene: Scene, params: Read<F>) => void
}): Action =>
  action({
    in: spec.in,
    run(scene, params) {
      spec.run(scene, params)
      return done
    },
  })

const only = (param: Param, keep: (name: string) => boolean): Param => ({
  children: new Map([...param.children].filter(([name]) => keep(name))),
})

export const filter = object({ Name: required(text), Value: list(text) })

const pageFields = { MaxResults: integer, NextToken: text }

/**
 * Declares a describe action: ids, filters and pages are the same for all of them. `set` names the list in the answer.
 */
export function describe<T extends { readonly id: string }>(spec: {
  /** Name of the parameter that lists ids. */
  readonly ids?: string
  /** False for the few describe actions that always answer in one page. */
  readonly paged?: false
  /** Parameters without meaning to the lab. */
  readonly ignores?: readonly string[]
  readonly set: string
  readonly read: (views: Views, query: Describe, scene: Scene) => readonly T[]
  readonly show: (row: T, scene: Scene) => Xml
  /** Turns the shown rows of a page into the list's content, such as instances into reservations. */
  readonly group?: (rows: readonly T[], scene: Scene) => readonly Xml[]
}): Action {
  const { ids: idsField = "" } = spec
  const fields = {
    ...(idsField !== "" && { [idsField]: list(text) }),
    Filter: list(filter),
    ...(spec.paged ?? pageFields),
    DryRun: flag,
    ...Object.fromEntries((spec.ignores ?? []).map((name) => [name, ignored])),
  }
  return {
    parameters: Object.keys(fields),
    prepare(raw) {
      const params = readFields(fields, raw)
      const { Filter = [], MaxResults: max, NextToken: token } = params
      const ids = idsOf(params, idsField)
      if (max !== undefined && ids.length > 0)
        throw badCombination(
          `The parameter ${idsField} cannot be used with the parameter MaxResults`,
        )
      if (max !== undefined && (max < 5 || max > 1000))
        throw invalid(
          `Value ( ${max} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`,
        )
      const query = { ids, filters: Filter.map((f) => ({ name: f.Name, values: f.Value ?? [] })) }
      return {
        dryRun: params.DryRun === true,
        unfiltered: ids.length === 0 && Filter.length === 0 && max === undefined,
        run: (scene) => {
          const { rows, next } = page(spec.read(scene.views, query, scene), max, token)
          const shown = spec.group
            ? spec.group(rows, scene)
            : rows.map((row) => spec.show(row, scene))
          return { [spec.set]: shown, nextToken: next }
        },
      }
    },
  }
}

const idsOf = (params: Readonly<Record<string, unknown>>, name: string): string[] => {
  const ids = params[name]
  return Array.isArray(ids) ? ids.map(String) : []
}

/** One page. A token names the last row of the page before, so rows removed meanwhile hide no others. */
function page<T extends { readonly id: string }>(
  rows: readonly T[],
  max: number | undefined,
  token: string | undefined,
): { rows: readonly T[]; next: string | undefined } {
  const start = token === undefined ? 0 : afterToken(rows, token)
  const end = max === undefined ? rows.length : start + max
  const last = rows[end - 1]
  const next = end < rows.length && last ? Buffer.from(last.id).toString("base64url") : undefined
  return { rows: rows.slice(start, end), next }
}

function afterToken(rows: readonly { readonly id: string }[], token: string): number {
  const id = Buffer.from(token, "base64url").toString()
  if (id === "" || id.includes("\uFFFD"))
    throw invalid(`Value ( ${token} ) for parameter NextToken is invalid.`)
  const at = rows.findIndex((row) => row.id === id)
  if (at >= 0) return at + 1
  // The row is gone: go on with what was made after it. Ids end in a serial number (core.ts, newId).
  const serial = (of: string) => Number.parseInt(of.slice(-8), 16)
  const next = rows.findIndex((row) => serial(row.id) > serial(id))
  return next >= 0 ? next : rows.length
}

export const tagList = (tags: Tags): Xml =>
  Object.entries(tags).map(([key, value]) => ({ key, value }))

/** `TagSpecification.N`: tags by resource type, given when the resource is made. */
export const tagSpecifications = list(
  object({
    ResourceType: required(text),
    Tag: list(object({ Key: required(text), Value: text })),
  }),
)

export function tagsFor(
  type: string,
  specifications: ValueOf<typeof tagSpecifications> | undefined,
): Tags {
  const ofType = (specifications ?? []).filter((s) => s.ResourceType === type)
  return Object.fromEntries(ofType.flatMap((s) => s.Tag ?? []).map((t) => [t.Key, t.Value ?? ""]))
}

type ValueOf<F> = F extends { read: (...args: never[]) => infer T } ? T : never

/** What EC2 answers when there is nothing to say. */
export const done: XmlObject = { return: true }
