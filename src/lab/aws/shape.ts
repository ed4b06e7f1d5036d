import { Ec2Fault, invalid, missing } from "../../ec2/memory/fault.ts"
import type { Param } from "./form.ts"

/** How one parameter of an action is read. An absent one is undefined, or a fault when it is required. */
export interface Field<T, R extends boolean = boolean> {
  readonly isRequired: R
  readonly read: (param: Param, path: string) => T
}

export type Fields = Readonly<Record<string, Field<unknown>>>

/** The value of an action's parameters: what is required is there, the rest may be. */
export type Read<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Field<unknown, true> ? K : never]: ValueOf<F[K]>
} & {
  readonly [K in keyof F as F[K] extends Field<unknown, true> ? never : K]?: ValueOf<F[K]>
}

type ValueOf<F> = F extends Field<infer T> ? T : never

const field = <T>(read: (param: Param, path: string) => T): Field<T, false> => ({
  isRequired: false,
  read,
})

export const required = <T>(f: Field<T>): Field<T, true> => ({ isRequired: true, read: f.read })

export const text = field((param) => param.value ?? "")

export const integer = field((param, path) => {
  if (!/^-?\d{1,10}$/.test(param.value ?? ""))
    throw invalid(`Invalid value '${param.value ?? ""}' for ${path}. It must be an integer.`)
  return Number(param.value)
})

export const flag = field((param, path) => {
  if (param.value !== "true" && param.value !== "false")
    throw invalid(`Invalid value '${param.value ?? ""}' for ${path}. It must be true or false.`)
  return param.value === "true"
})

export const oneOf = <const V extends string>(...values: readonly V[]) =>
  field((param, path): V => {
    const found = values.find((v) => v === param.value)
    if (found === undefined)
      throw invalid(`Value (${param.value ?? ""}) for parameter ${path} is invalid.`)
    return found
  })

/** `Name.1`, `Name.2`, ... or, in the older query dialect, `Name.member.1`; in the order of the numbers. */
export const list = <T>(of: Field<T>) =>
  field((param, path): readonly T[] => {
    const items = param.children.get("member")?.children ?? param.children
    return [...items]
      .map(([index, item]) => {
        if (!/^\d{1,9}$/.test(index)) throw unknownParameter(`${path}.${index}`)
        return { index: Number(index), item }
      })
      .sort((a, b) => a.index - b.index)
      .map(({ index, item }) => of.read(item, `${path}.${index}`))
  })

export const object = <F extends Fields>(fields: F) =>
  field((param, path) => readFields(fields, param, path))

/** Accepted and without meaning to the lab; named so that it is a decision, not an oversight. */
export const ignored = field(() => undefined)

/** Reads `fields`; a parameter that is not among them is refused as EC2 refuses it. */
export function readFields<F extends Fields>(fields: F, param: Param, path = ""): Read<F> {
  const prefix = path === "" ? "" : `${path}.`
  const read: Record<string, unknown> = {}
  for (const name of param.children.keys())
    if (!Object.hasOwn(fields, name)) throw unknownParameter(prefix + name)
  for (const [name, { isRequired, read: readField }] of Object.entries(fields)) {
    const child = param.children.get(name)
    if (child === undefined) {
      if (isRequired) throw missing(prefix + name)
    } else read[name] = readField(child, prefix + name)
  }
  return read as Read<F>
}

const unknownParameter = (path: string) =>
  new Ec2Fault("UnknownParameter", `The parameter ${path} is not recognized`)

/** Drops undefined members: what a request did not say stays absent. */
export function given<T extends object>(
  values: T,
): { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
} {
  const present = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(present) as ReturnType<typeof given<T>>
}
