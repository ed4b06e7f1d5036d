import type { BindingSource } from "../api/nodenetwork.ts"
import type { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import type { Trace, TraceStep } from "./trace.ts"

/** Why a node has its placement: the object's name, and the rule and key that named it. */
export interface Binding {
  readonly name: string
  readonly source: BindingSource
  /** The label or annotation key; for SubnetPool `spec.nodeSelector`, for Default the empty string. */
  readonly key: string
}

/** The node's side of a binding. */
export interface NodeKeys {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** ENI_CONFIG_ANNOTATION_DEF and ENI_CONFIG_LABEL_DEF. */
export interface BindingKeys {
  readonly annotationKey: string
  readonly labelKey: string
}

export type BindingDecision =
  | { readonly ok: true; readonly binding: Binding; readonly trace: Trace }
  | { readonly ok: false; readonly refusal: BerthError; readonly trace: Trace }

/** Kept by whoever manages ENIConfigs from outside; it overrules everything (amazon-vpc-cni-k8s pkg/eniconfig). */
export const externalLabel = "vpc.amazonaws.com/externalEniConfig"

/** The original's default of both keys. */
export const defaultBindingKey = "k8s.amazonaws.com/eniConfig"

/** Which SubnetPool selects a node; consulted only when nothing written on the node itself decides. */
export type PoolChoice =
  | { readonly ok: true; readonly name?: string; readonly trace: Trace }
  | { readonly ok: false; readonly refusal: BerthError; readonly trace: Trace }

const noPool = (): PoolChoice => ({ ok: true, trace: [] })

/**
 * The name a node is bound to. The first key that is *present* decides, as in the original; so an empty value is a
 * refusal and never falls through. A SubnetPool that selects the node comes after what somebody wrote on this one
 * node, and before the label, which every node has when it is the zone label.
 */
export function bindNode(
  node: NodeKeys,
  keys: BindingKeys,
  choosePool: () => PoolChoice = noPool,
): BindingDecision {
  const annotation = keys.annotationKey || defaultBindingKey
  const label = keys.labelKey || defaultBindingKey
  const trace: TraceStep[] = []
  const written =
    readKey(node, "ExternalLabel", externalLabel, trace) ??
    readKey(node, "Annotation", annotation, trace)
  if (written !== undefined) return conclude(node, written, trace)

  const pool = choosePool()
  trace.push(...pool.trace)
  if (!pool.ok) return { ok: false, refusal: pool.refusal, trace }
  if (pool.name !== undefined) {
    const binding: Binding = { name: pool.name, source: "SubnetPool", key: "spec.nodeSelector" }
    return { ok: true, binding, trace }
  }

  const labelled = readKey(node, "Label", label, trace)
  if (labelled !== undefined) return conclude(node, labelled, trace)
  trace.push({ subject: "the name `default`", verdict: "chosen", why: "no key names another" })
  return { ok: true, binding: { name: "default", source: "Default", key: "" }, trace }
}

/** The binding a key states, with its trace; undefined when the node does not have the key. */
function readKey(
  node: NodeKeys,
  source: "ExternalLabel" | "Annotation" | "Label",
  key: string,
  trace: TraceStep[],
): Binding | undefined {
  const name = own(source === "Annotation" ? node.annotations : node.labels, key)
  const subject = subjectOf(source, key)
  if (name === undefined) trace.push({ subject, verdict: "passed over", why: "not present" })
  else if (name === "") trace.push({ subject, verdict: "refused", why: "present, but empty" })
  else trace.push({ subject, verdict: "chosen", why: `names "${name}"` })
  return name === undefined ? undefined : { name, source, key }
}

function conclude(node: NodeKeys, binding: Binding, trace: Trace): BindingDecision {
  if (binding.name !== "") return { ok: true, binding, trace }
  const source = subjectOf(binding.source, binding.key)
  return { ok: false, refusal: fail("placement/binding-empty", { node: node.name, source }), trace }
}

/** A binding's rule in words: `annotation k8s.amazonaws.com/eniConfig`. */
export function subjectOf(source: BindingSource, key: string): string {
  switch (source) {
    case "ExternalLabel":
    case "Label":
      return `label ${key}`
    case "Annotation":
      return `annotation ${key}`
    case "SubnetPool":
      return "the node selector of a SubnetPool"
    case "Default":
      return "default"
  }
}

/** Own keys only: a label named `constructor` must not find the prototype's. */
const own = (map: Readonly<Record<string, string>> | undefined, key: string) =>
  map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined

/** The object a binding names, as `kubectl get` would: `ENIConfig/us-west-2a` or `SubnetPool/blue`. */
export const boundObject = (binding: Binding): string =>
  `${binding.source === "SubnetPool" ? "SubnetPool" : "ENIConfig"}/${binding.name}`
