import type { IntOrPercent } from "./workloads.ts"

/** Resolves `3` or `"25%"` against a total. A surge rounds up, an allowance of unavailable pods rounds down. */
export function resolveIntOrPercent(
  value: IntOrPercent | undefined,
  fallback: IntOrPercent,
  total: number,
  round: "up" | "down",
): number {
  const v = value ?? fallback
  if (typeof v === "number") return v
  const share = (Number.parseInt(v, 10) * total) / 100
  return round === "up" ? Math.ceil(share) : Math.floor(share)
}
