import { type Cause, complaint } from "../api-error.ts"
import { type JsonObject, objectAt, objectsAt, stringAt } from "../json.ts"
import { quantityValue } from "../types/quantity.ts"
import { dnsLabel } from "../write/object-name.ts"

/** The complaints about a PodSpec that users meet: containers, names, images, mounts, ports. */
export function podSpecCauses(spec: JsonObject, path: string): Cause[] {
  const volumes = objectsAt(spec, "volumes")
  const containers = objectsAt(spec, "containers")
  const causes: Cause[] = []
  causes.push(...uniqueNames(volumes, `${path}.volumes`))
  const mounts = new Set(volumes.map((v) => stringAt(v, "name")))
  if (containers.length === 0) causes.push(complaint.required(`${path}.containers`))
  for (const list of ["containers", "initContainers"]) {
    const named = objectsAt(spec, list)
    causes.push(...named.flatMap((c, i) => containerCauses(c, `${path}.${list}[${i}]`, mounts)))
    causes.push(...duplicates(named, `${path}.${list}`))
  }
  return causes
}

function uniqueNames(list: readonly JsonObject[], path: string): Cause[] {
  return [
    ...list.flatMap((v, i) => nameCauses(stringAt(v, "name"), `${path}[${i}].name`)),
    ...duplicates(list, path),
  ]
}

const nameCauses = (name: string, path: string): Cause[] =>
  name === ""
    ? [complaint.required(path)]
    : dnsLabel(name).map((text) => complaint.invalid(path, name, text))

function duplicates(list: readonly JsonObject[], path: string): Cause[] {
  const names = list.map((v) => stringAt(v, "name"))
  return names.flatMap((name, i) =>
    name !== "" && names.indexOf(name) < i ? [complaint.duplicate(`${path}[${i}].name`, name)] : [],
  )
}

function containerCauses(
  container: JsonObject,
  path: string,
  volumes: ReadonlySet<string>,
): Cause[] {
  const image = stringAt(container, "image")
  return [
    ...nameCauses(stringAt(container, "name"), `${path}.name`),
    ...(image === "" ? [complaint.required(`${path}.image`)] : []),
    ...objectsAt(container, "ports").flatMap((p, i) => portCauses(p, `${path}.ports[${i}]`)),
    ...resourceCauses(container, `${path}.resources`),
    ...objectsAt(container, "env").flatMap((e, i) =>
      stringAt(e, "name") === "" ? [complaint.required(`${path}.env[${i}].name`)] : [],
    ),
    ...objectsAt(container, "volumeMounts").flatMap((m, i) =>
      volumes.has(stringAt(m, "name"))
        ? []
        : [complaint.notFound(`${path}.volumeMounts[${i}].name`, stringAt(m, "name"))],
    ),
  ]
}

function resourceCauses(container: JsonObject, path: string): Cause[] {
  const limits = objectAt(container, "resources", "limits")
  return Object.entries(objectAt(container, "resources", "requests")).flatMap(([name, value]) => {
    const limit = limits[name]
    return typeof limit === "string" && quantityValue(String(value)) > quantityValue(limit)
      ? [
          complaint.invalid(
            `${path}.requests`,
            value,
            `must be less than or equal to ${name} limit of ${limit}`,
          ),
        ]
      : []
  })
}

function portCauses(port: JsonObject, path: string): Cause[] {
  const number = port.containerPort
  if (number === undefined || number === 0) return [complaint.required(`${path}.containerPort`)]
  return typeof number === "number" && number > 0 && number < 65536
    ? []
    : [complaint.invalid(`${path}.containerPort`, number, "must be between 1 and 65535, inclusive")]
}
