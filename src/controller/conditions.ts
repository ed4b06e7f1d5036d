import type { Condition } from "../api/meta.ts"

export type ConditionState = Omit<Condition, "lastTransitionTime">

/** The new conditions, each keeping its transition time while its status stays the same. */
export function withTransitions(
  states: readonly ConditionState[],
  before: readonly Condition[] | undefined,
  nowMs: number,
): Condition[] {
  return states.map((state) => {
    const last = before?.find((c) => c.type === state.type)
    const lastTransitionTime =
      last?.status === state.status
        ? last.lastTransitionTime
        : new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z")
    return { ...state, lastTransitionTime }
  })
}

/** A condition's reason from a catalogue code: `placement/zone-mismatch` is ZoneMismatch. */
export function reasonOf(code: string): string {
  const words = (code.split("/").at(-1) ?? code).split("-")
  return words
    .map((w) => (w === "eniconfig" ? "ENIConfig" : `${w.charAt(0).toUpperCase()}${w.slice(1)}`))
    .join("")
}
