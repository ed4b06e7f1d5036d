import * as v from "valibot"
import { EksFault } from "./node-group.ts"

/** Bodies of EKS requests. Members the lab has no use for are let through. */

/** Reads a body; a refusal names the first member that does not fit. */
export function parseBody<S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, body ?? {})
  if (result.success) return result.output
  const [issue] = result.issues
  const path = issue.path?.map((p) => String(p.key)).join(".") ?? ""
  throw new EksFault("InvalidParameterException", `${path}: ${issue.message}`)
}

const size = v.pipe(v.number(), v.integer(), v.minValue(0))
const text = v.optional(v.string())
const labels = v.record(v.string(), v.string())
const template = v.object({ id: text, name: text, version: text })
const taint = v.object({
  key: v.string(),
  value: text,
  effect: v.picklist(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]),
})
const updateConfig = v.object({
  maxUnavailable: v.optional(v.pipe(size, v.minValue(1))),
  updateStrategy: v.optional(v.picklist(["DEFAULT", "MINIMAL"])),
})
const scaling = v.object({
  minSize: v.optional(size),
  maxSize: v.optional(size),
  desiredSize: v.optional(size),
})

export const createBody = v.object({
  nodegroupName: v.string(),
  subnets: v.pipe(v.array(v.string()), v.minLength(1)),
  scalingConfig: v.optional(scaling, {}),
  instanceTypes: v.optional(v.array(v.string()), []),
  amiType: text,
  labels: v.optional(labels, {}),
  taints: v.optional(v.array(taint), []),
  launchTemplate: v.optional(template),
  updateConfig: v.optional(updateConfig, {}),
})

export const versionBody = v.object({
  version: text,
  releaseVersion: text,
  launchTemplate: v.optional(template),
  force: v.optional(v.boolean(), false),
})

export const configBody = v.object({
  labels: v.optional(
    v.object({
      addOrUpdateLabels: v.optional(labels, {}),
      removeLabels: v.optional(v.array(v.string()), []),
    }),
  ),
  taints: v.optional(
    v.object({
      addOrUpdateTaints: v.optional(v.array(taint), []),
      removeTaints: v.optional(v.array(taint), []),
    }),
  ),
  scalingConfig: v.optional(scaling),
  updateConfig: v.optional(updateConfig),
})

export const addonBody = v.object({
  addonVersion: text,
  configurationValues: text,
  resolveConflicts: v.optional(v.picklist(["OVERWRITE", "NONE", "PRESERVE"])),
})

export type CreateBody = v.InferOutput<typeof createBody>
export type VersionBody = v.InferOutput<typeof versionBody>
export type ConfigBody = v.InferOutput<typeof configBody>
