import type { Tags } from "../vpc/model.ts"

/** Whether `tags` has every wanted tag; a wanted value of "*" asks only that the tag exists. */
export const tagsMatch = (wanted: Tags, tags: Tags): boolean =>
  Object.entries(wanted).every(
    ([key, value]) => Object.hasOwn(tags, key) && (value === "*" || tags[key] === value),
  )
