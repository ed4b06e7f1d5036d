import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** What the struct tags of Kubernetes' Go types say of a JSON field. */
export interface GoField {
  /** Protobuf field numbers from the struct down, more than one through inlined structs: "2.6". */
  readonly number: string
  readonly pointer: boolean
  /** True where JSON has null for a list, map, pointer or time that is not set. */
  readonly nullable: boolean
}

interface Raw {
  readonly goName: string
  readonly goType: string
  readonly json: string
  readonly inline: boolean
  readonly number: string
  readonly omitZero: boolean
  readonly omitEmpty: boolean
}

const structStart = /^type (\w+) struct \{/
const fieldLine = /^\t(?:(\w+)\s+)?([\w.*[\]]+)\s+`(.*)`/

/** Reads the struct tags of every Go file below `folders` (package name -> folder), by the OpenAPI name of the type. */
export function goFields(
  folders: Readonly<Record<string, string>>,
): Map<string, Map<string, GoField>> {
  const structs = new Map<string, Raw[]>()
  for (const [pkg, folder] of Object.entries(folders)) {
    for (const file of readdirSync(folder)) {
      if (!/^(micro_)?(types|time|intstr)\w*\.go$/.test(file)) continue
      readStructs(readFileSync(join(folder, file), "utf8"), pkg, structs)
    }
  }
  return new Map([...structs.keys()].map((name) => [name, flatten(structs, name)]))
}

function readStructs(source: string, pkg: string, structs: Map<string, Raw[]>): void {
  let fields: Raw[] | undefined
  for (const line of source.split("\n")) {
    const start = structStart.exec(line)
    if (start) {
      fields = []
      structs.set(`${pkg}.${start[1]}`, fields)
    } else if (line === "}") fields = undefined
    const field = fields && fieldLine.exec(line)
    if (!fields || !field) continue
    const [, goName = "", goType = "", tags = ""] = field
    const [json = "", ...flags] = (/json:"([^"]*)"/.exec(tags)?.[1] ?? "").split(",")
    const number = /protobuf:"\w+,(\d+)/.exec(tags)?.[1] ?? ""
    fields.push({
      goName,
      goType,
      json,
      inline: flags.includes("inline") || json === "",
      number,
      omitZero: flags.includes("omitzero"),
      omitEmpty: flags.includes("omitempty"),
    })
  }
}

function flatten(structs: ReadonlyMap<string, Raw[]>, name: string): Map<string, GoField> {
  const out = new Map<string, GoField>()
  const pkg = name.slice(0, name.lastIndexOf("."))
  for (const field of structs.get(name) ?? []) {
    if (!field.inline) {
      const time = /^(metav1\.)?(Micro)?Time$/.test(field.goType) && !field.omitZero
      const nullable = time || (!field.omitEmpty && /^(\*|\[\]|map)/.test(field.goType))
      out.set(field.json, { number: field.number, pointer: field.goType.startsWith("*"), nullable })
      continue
    }
    // TypeMeta and the like of other packages are not part of the message.
    if (field.goType.includes(".")) continue
    const type = field.goType.replace(/^\*/, "")
    for (const [json, inner] of flatten(structs, `${pkg}.${type}`)) {
      out.set(json, { ...inner, number: `${field.number}.${inner.number}` })
    }
  }
  return out
}

/** Folders of the packages below the modules k8s.io/api, apimachinery and apiextensions-apiserver, by OpenAPI name. */
export function goPackages(modules: string): Record<string, string> {
  const module = (name: string) => {
    const found = readdirSync(modules).find((f) => f.startsWith(`${name}@`))
    if (found === undefined) throw new Error(`${modules} has no module ${name}`)
    return join(modules, found)
  }
  const api = module("api")
  const groups = readdirSync(api).filter((group) => existsSync(join(api, group, "v1")))
  return {
    "io.k8s.apimachinery.pkg.apis.meta.v1": join(module("apimachinery"), "pkg/apis/meta/v1"),
    "io.k8s.apimachinery.pkg.util.intstr": join(module("apimachinery"), "pkg/util/intstr"),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1": join(
      module("apiextensions-apiserver"),
      "pkg/apis/apiextensions/v1",
    ),
    ...Object.fromEntries(groups.map((g) => [`io.k8s.api.${g}.v1`, join(api, g, "v1")])),
  }
}
