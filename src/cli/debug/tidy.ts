import { withoutSecrets } from "../../fleet/facts/secret-names.ts"

/** Another copy of a whole object, as kubectl apply left it: with every value that was left out. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

/**
 * An object fit to be shown to others: no managedFields, no copy of itself, and no value of a variable that is named like
 * a secret, however deep it is.
 */
export function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy)
  if (value === null || typeof value !== "object") return value
  const { name, value: text, ...rest } = value as { name?: unknown; value?: unknown }
  if (typeof name === "string" && typeof text === "string" && Object.keys(rest).length === 0)
    return { name, value: withoutSecrets({ [name]: text })[name] }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "managedFields" && key !== lastApplied)
      .map(([key, inner]) => [key, tidy(inner)]),
  )
}
