/** What EKS does where somebody else has changed a field that it applies. */
export type ResolveConflicts = "NONE" | "OVERWRITE" | "PRESERVE"

export type Env = ReadonlyMap<string, string>

export interface EnvDecision {
  /** Variables to set; undefined removes one. */
  readonly change: ReadonlyMap<string, string | undefined>
  /** Variables that keep somebody else's value; with NONE the update fails for them. */
  readonly conflicts: readonly string[]
}

/**
 * Which variables an add-on's update changes. EKS applies its fields server-side: those that are as it left them follow
 * the configuration, those that others have changed are in conflict ("Amazon EKS add-ons" in the user guide).
 */
export function decideEnv(
  wanted: Env,
  { applied, live }: { readonly applied: Env; readonly live: Env },
  resolve: ResolveConflicts,
): EnvDecision {
  const names = new Set([...wanted.keys(), ...applied.keys()])
  const differing = [...names].filter((name) => wanted.get(name) !== live.get(name))
  const foreign = differing.filter((name) => live.get(name) !== applied.get(name))
  const conflicts = resolve === "OVERWRITE" ? [] : foreign
  const change = differing.filter((name) => !conflicts.includes(name))
  return { change: new Map(change.map((name) => [name, wanted.get(name)])), conflicts }
}
