import { createHash } from "node:crypto"

/** Letters that Kubernetes uses for generated names: no vowels, so no words (apimachinery util/rand). */
const alphabet = "bcdfghjklmnpqrstvwxz2456789"

/** JSON with sorted keys, so that equal objects hash equally whatever wrote them. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === "object" && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  )
}

/** Ten letters that stand for a pod template: the value of `pod-template-hash` and `controller-revision-hash`. */
export function templateHash(template: unknown): string {
  const digest = createHash("sha256").update(canonicalJson(template)).digest()
  return [...digest.subarray(0, 10)].map((b) => alphabet[b % alphabet.length]).join("")
}

/** Five random letters, as the API server appends to `generateName`. `random` returns [0, 1). */
export const nameSuffix = (random: () => number): string =>
  Array.from({ length: 5 }, () => alphabet[Math.floor(random() * alphabet.length)]).join("")
