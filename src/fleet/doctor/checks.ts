import type { Check } from "./check.ts"

/** Every check of the doctor, in the order of the documented procedure. */
export const checks: readonly Check[] = []
