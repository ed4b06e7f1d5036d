import {
  createLaunchTemplate,
  createLaunchTemplateVersion,
  deleteLaunchTemplate,
  setDefaultVersion,
  type TemplateRef,
  templateOf,
  versionOf,
} from "../../../ec2/memory/launch-templates.ts"
import type { LaunchTemplate, LaunchTemplateVersion } from "../../../ec2/memory/records.ts"
import { describeLaunchTemplates } from "../../../ec2/memory/views.ts"
import { given, ignored, list, object, required, text } from "../shape.ts"
import type { XmlObject } from "../xml.ts"
import {
  type Action,
  action,
  filter,
  type Scene,
  tagList,
  tagSpecifications,
  tagsFor,
} from "./action.ts"
import { launchDataOf, launchFields, showLaunchData } from "./launch-data.ts"

const createdBy = ({ cloud }: Scene) => `arn:aws:iam::${cloud.account}:root`

const showTemplate = (template: LaunchTemplate, scene: Scene): XmlObject => ({
  launchTemplateId: template.id,
  launchTemplateName: template.name,
  createTime: new Date(template.createdAt),
  createdBy: createdBy(scene),
  defaultVersionNumber: template.defaultVersion,
  latestVersionNumber: template.versions.at(-1)?.number,
  tagSet: tagList(template.tags),
})

const showVersion = (
  template: LaunchTemplate,
  version: LaunchTemplateVersion,
  scene: Scene,
): XmlObject => ({
  launchTemplateId: template.id,
  launchTemplateName: template.name,
  versionNumber: version.number,
  versionDescription: version.description,
  createTime: new Date(version.createdAt),
  createdBy: createdBy(scene),
  defaultVersion: version.number === template.defaultVersion,
  launchTemplateData: showLaunchData(version.data),
})

const ref = { LaunchTemplateId: text, LaunchTemplateName: text }
const refOf = (p: { LaunchTemplateId?: string; LaunchTemplateName?: string }): TemplateRef =>
  given({ id: p.LaunchTemplateId, name: p.LaunchTemplateName })

export const launchTemplateActions: Readonly<Record<string, Action>> = {
  CreateLaunchTemplate: action({
    in: {
      LaunchTemplateName: required(text),
      VersionDescription: text,
      LaunchTemplateData: required(object(launchFields)),
      TagSpecification: tagSpecifications,
      ClientToken: ignored,
    },
    run: (scene, p) => {
      const template = createLaunchTemplate(
        scene.core,
        given({
          name: p.LaunchTemplateName,
          description: p.VersionDescription,
          data: launchDataOf(p.LaunchTemplateData, scene),
          tags: tagsFor("launch-template", p.TagSpecification),
        }),
      )
      return { launchTemplate: showTemplate(template, scene) }
    },
  }),

  CreateLaunchTemplateVersion: action({
    in: {
      ...ref,
      SourceVersion: text,
      VersionDescription: text,
      LaunchTemplateData: required(object(launchFields)),
      ClientToken: ignored,
    },
    run: (scene, p) => {
      const { template, version } = createLaunchTemplateVersion(
        scene.core,
        given({
          ...refOf(p),
          source: p.SourceVersion,
          description: p.VersionDescription,
          data: launchDataOf(p.LaunchTemplateData, scene),
        }),
      )
      return { launchTemplateVersion: showVersion(template, version, scene) }
    },
  }),

  ModifyLaunchTemplate: action({
    in: { ...ref, SetDefaultVersion: required(text), ClientToken: ignored },
    run: (scene, p) => {
      const template = setDefaultVersion(scene.core, { ...refOf(p), version: p.SetDefaultVersion })
      return { launchTemplate: showTemplate(template, scene) }
    },
  }),

  DeleteLaunchTemplate: action({
    in: ref,
    run: (scene, p) => ({
      launchTemplate: showTemplate(deleteLaunchTemplate(scene.core, refOf(p)), scene),
    }),
  }),

  DescribeLaunchTemplates: action({
    in: {
      LaunchTemplateId: list(text),
      LaunchTemplateName: list(text),
      Filter: list(filter),
      MaxResults: ignored,
      NextToken: ignored,
    },
    run: (scene, p) => {
      const filters = (p.Filter ?? []).map((f) => ({ name: f.Name, values: f.Value ?? [] }))
      const named = (p.LaunchTemplateName ?? []).map((name) => templateOf(scene.core, { name }))
      const found = describeLaunchTemplates(scene.views, {
        ids: [...(p.LaunchTemplateId ?? []), ...named.map((t) => t.id)],
        filters,
      })
      return { launchTemplates: found.map((t) => showTemplate(t, scene)) }
    },
  }),

  DescribeLaunchTemplateVersions: action({
    in: {
      ...ref,
      LaunchTemplateVersion: list(text),
      MaxResults: ignored,
      NextToken: ignored,
      ResolveAlias: ignored,
    },
    run: (scene, p) => {
      const template = templateOf(scene.core, refOf(p))
      const versions = p.LaunchTemplateVersion?.map((v) => versionOf(template, v))
      return {
        launchTemplateVersionSet: (versions ?? template.versions).map((v) =>
          showVersion(template, v, scene),
        ),
      }
    },
  }),
}
