import { compile, type Program } from "./compile.ts"

/** Compiled expressions that are kept; a cluster has some dozens. */
const keptMax = 1000
const kept = new Map<string, Program | undefined>()

/** The program of an expression; undefined when it is empty or not CEL. */
export function programOf(source: string): Program | undefined {
  if (source === "") return undefined
  if (kept.has(source)) return kept.get(source)
  if (kept.size >= keptMax) kept.clear()
  const program = whyNot(source) === undefined ? compile(source) : undefined
  kept.set(source, program)
  return program
}

/** Why a text is not an expression; undefined when it is one. */
export function whyNot(source: string): string | undefined {
  try {
    compile(source)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
