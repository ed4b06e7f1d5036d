type OneOrMany<T> = T | readonly T[]

/** The parts of an IAM policy document by which an action is judged. */
export interface PolicyDocument {
  readonly Statement: OneOrMany<{
    readonly Effect: "Allow" | "Deny"
    readonly Action?: OneOrMany<string>
  }>
}

/**
 * Why the documents do not let a principal call an action such as `ec2:CreateTags`; undefined when they do. An explicit
 * deny wins, and what nothing allows is denied (IAM user guide, "Policy evaluation logic"). Resources and conditions are
 * not judged.
 */
export function refusal(documents: readonly PolicyDocument[], action: string): string | undefined {
  const statements = documents.flatMap((d) => many(d.Statement))
  const about = statements.filter((s) => many(s.Action ?? []).some((a) => matches(a, action)))
  if (about.some((s) => s.Effect === "Deny"))
    return "with an explicit deny in an identity-based policy"
  if (about.some((s) => s.Effect === "Allow")) return undefined
  return `because no identity-based policy allows the ${action} action`
}

const many = <T>(value: OneOrMany<T>): readonly T[] => (Array.isArray(value) ? value : [value as T])

/** `*` stands for any text, `?` for one character; case does not matter. */
function matches(pattern: string, action: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&")
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i").test(action)
}
