/** One parameter of a query-protocol request: `Filter.1.Name=x` is the child `Name` of the child `1` of `Filter`. */
export interface Param {
  readonly value?: string
  readonly children: ReadonlyMap<string, Param>
}

interface Growing {
  value?: string
  readonly children: Map<string, Growing>
}

/** Reads `application/x-www-form-urlencoded` text as the tree its dotted names describe. */
export function parseForm(form: URLSearchParams): Param {
  const root: Growing = { children: new Map() }
  for (const [name, value] of form) {
    let at = root
    for (const part of name.split(".")) {
      const next: Growing = at.children.get(part) ?? { children: new Map() }
      at.children.set(part, next)
      at = next
    }
    at.value = value
  }
  return root
}
