import type { KubeObject } from "../../api/meta.ts"
import type { SecurityGroupTerm, SubnetPool, SubnetTerm } from "../../api/subnetpool.ts"

/** One sentence of the equivalence report. */
export interface ConversionNote {
  /** `same`: behaves as before. `differs`: serves, but not in every respect as before. `lost`: has no counterpart. */
  readonly verdict: "same" | "differs" | "lost"
  /** The object or field it is about, such as `PodNetworking/ledger vSwitchOptions`. */
  readonly about: string
  readonly says: string
}

export interface Conversion<T extends KubeObject = KubeObject> {
  readonly objects: readonly T[]
  /** Shell commands, for what is no Kubernetes object. */
  readonly commands: readonly string[]
  readonly notes: readonly ConversionNote[]
}

/** Ids that the target knows for ids of the source, such as a subnet for a vSwitch. */
export type IdMap = ReadonlyMap<string, string>

export const subnetPool = (name: string, spec: SubnetPool["spec"]): SubnetPool => ({
  apiVersion: "berth.dev/v1alpha1",
  kind: "SubnetPool",
  metadata: { name },
  spec,
})

/** Collects what a conversion has to say. */
export class Notes {
  readonly all: ConversionNote[] = []

  same(about: string, says: string): void {
    this.all.push({ verdict: "same", about, says })
  }

  differs(about: string, says: string): void {
    this.all.push({ verdict: "differs", about, says })
  }

  lost(about: string, says: string): void {
    this.all.push({ verdict: "lost", about, says })
  }
}

/** Karpenter's and Auto Mode's terms have the same members and meaning: terms ORed, tags ANDed, "*" any value. */
export interface SelectorTerm {
  readonly id?: string
  readonly name?: string
  readonly tags?: Record<string, string>
}

export const subnetTermsOf = (terms: readonly SelectorTerm[]): SubnetTerm[] =>
  terms.map(({ id, tags }) => (id === undefined ? { tags: { ...tags } } : { id }))

/** A name and tags in one term are ANDed there, and cannot be here. */
export function groupTermsOf(
  terms: readonly SelectorTerm[],
  about: string,
  notes: Notes,
): SecurityGroupTerm[] {
  return terms.map(({ id, name, tags }) => {
    if (id !== undefined) return { id }
    if (name === undefined) return { tags: { ...tags } }
    if (tags !== undefined) notes.differs(about, `the tags beside the name "${name}" are left out`)
    return { name }
  })
}
