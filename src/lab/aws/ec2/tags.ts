import { createTags, deleteTags, describeTags } from "../../../ec2/memory/tags.ts"
import { given, list, object, required, text } from "../shape.ts"
import { type Action, command, describe } from "./action.ts"

const tags = list(object({ Key: required(text), Value: text }))

export const tagActions: Readonly<Record<string, Action>> = {
  CreateTags: command({
    in: { ResourceId: required(list(text)), Tag: required(tags) },
    run: ({ core }, p) => {
      const pairs = p.Tag.map((t) => [t.Key, t.Value ?? ""])
      createTags(core, { ids: p.ResourceId, tags: Object.fromEntries(pairs) })
    },
  }),

  DescribeTags: describe({
    set: "tagSet",
    read: describeTags,
    show: ({ key, value, resourceId, resourceType }) => ({ key, value, resourceId, resourceType }),
  }),

  DeleteTags: command({
    in: { ResourceId: required(list(text)), Tag: tags },
    run: ({ core }, p) => {
      const named = (p.Tag ?? []).map((t) => given({ key: t.Key, value: t.Value }))
      deleteTags(core, { ids: p.ResourceId, tags: named })
    },
  }),
}
