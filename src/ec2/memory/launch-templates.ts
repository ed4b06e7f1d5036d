import type { Tags } from "../../vpc/model.ts"
import type { Core } from "./core.ts"
import { Ec2Fault, invalid, missing, notFound } from "./fault.ts"
import type { LaunchData, LaunchTemplate, LaunchTemplateVersion } from "./records.ts"

/** How a request names a template: by id or by name. */
export interface TemplateRef {
  readonly id?: string
  readonly name?: string
}

export function templateOf(core: Core, { id, name }: TemplateRef): LaunchTemplate {
  if (id !== undefined) {
    const found = core.tables.launchTemplate.get(id)
    if (found === undefined) throw notFound(id)
    return found
  }
  if (name === undefined) throw missing("LaunchTemplateId or LaunchTemplateName")
  for (const template of core.tables.launchTemplate.all())
    if (template.name === name) return template
  throw new Ec2Fault(
    "InvalidLaunchTemplateName.NotFoundException",
    `At least one of the launch templates specified in the request does not exist: '${name}'`,
  )
}

/** A version by number, or by `$Latest` or `$Default` (the default). */
export function versionOf(template: LaunchTemplate, wanted = "$Default"): LaunchTemplateVersion {
  const number =
    wanted === "$Latest"
      ? template.versions.at(-1)?.number
      : wanted === "$Default"
        ? template.defaultVersion
        : Number(wanted)
  const version = template.versions.find((v) => v.number === number)
  if (version) return version
  throw new Ec2Fault(
    "InvalidLaunchTemplateId.VersionNotFound",
    `Could not find launch template version ${wanted} of template ${template.id}`,
  )
}

export function createLaunchTemplate(
  core: Core,
  input: { name: string; data: LaunchData; description?: string; tags?: Tags },
): LaunchTemplate {
  const taken = [...core.tables.launchTemplate.all()].some((t) => t.name === input.name)
  if (taken)
    throw new Ec2Fault(
      "InvalidLaunchTemplateName.AlreadyExistsException",
      `Launch template name already in use: '${input.name}'`,
    )
  const createdAt = core.now()
  const description = input.description ?? ""
  return core.tables.launchTemplate.put({
    id: core.newId("lt"),
    name: input.name,
    createdAt,
    defaultVersion: 1,
    versions: [{ number: 1, description, createdAt, data: input.data }],
    tags: input.tags ?? {},
  })
}

/** A new version: the source version's data, where one is named, with `data` over it. */
export function createLaunchTemplateVersion(
  core: Core,
  input: TemplateRef & { source?: string; data: LaunchData; description?: string },
): { template: LaunchTemplate; version: LaunchTemplateVersion } {
  const template = templateOf(core, input)
  const base = input.source === undefined ? {} : versionOf(template, input.source).data
  const version = {
    number: (template.versions.at(-1)?.number ?? 0) + 1,
    description: input.description ?? "",
    createdAt: core.now(),
    data: { ...base, ...input.data },
  }
  const versions = [...template.versions, version]
  return { template: core.tables.launchTemplate.put({ ...template, versions }), version }
}

export function setDefaultVersion(
  core: Core,
  input: TemplateRef & { version: string },
): LaunchTemplate {
  const template = templateOf(core, input)
  if (!/^\d+$/.test(input.version)) throw invalid(`Invalid version '${input.version}'.`)
  const { number } = versionOf(template, input.version)
  return core.tables.launchTemplate.put({ ...template, defaultVersion: number })
}

export function deleteLaunchTemplate(core: Core, input: TemplateRef): LaunchTemplate {
  const template = templateOf(core, input)
  core.tables.launchTemplate.delete(template.id)
  return template
}
