import type { Command } from "../command.ts"

/** What can follow each prefix of words: the data that all three shells' completions are made from. */
export interface Completion {
  /** Words typed after `berth`, joined by spaces; "" is the root. */
  readonly after: string
  readonly subcommands: readonly { word: string; about: string }[]
  readonly flags: readonly {
    flag: string
    about: string
    choices: readonly string[]
    takesValue: boolean
  }[]
  /** Values of the first argument, when they are known. */
  readonly values: readonly string[]
}

export function completions(commands: readonly Command[]): Completion[] {
  const prefixes = new Set(commands.flatMap((c) => ancestors(c.path)))
  return [...prefixes].sort().map((after) => {
    const command = commands.find((c) => c.path === after)
    return {
      after,
      subcommands: subcommands(commands, after),
      values: command?.args?.[0]?.choices ?? command?.args?.[0]?.offers ?? [],
      flags: (command?.options ?? []).flatMap((o) =>
        flagsOf(o.flags).map((flag) => ({
          flag,
          about: o.about,
          choices: o.choices ?? [],
          takesValue: /[<[]/.test(o.flags),
        })),
      ),
    }
  })
}

/** "a b" -> "", "a", "a b". */
function ancestors(path: string): string[] {
  const words = path.split(" ")
  return ["", ...words.map((_, i) => words.slice(0, i + 1).join(" "))]
}

function subcommands(
  commands: readonly Command[],
  after: string,
): { word: string; about: string }[] {
  const depth = after === "" ? 0 : after.split(" ").length
  const below = commands.filter((c) => after === "" || c.path.startsWith(`${after} `))
  const words = new Map<string, string>()
  for (const c of below) {
    const word = c.path.split(" ")[depth]
    if (word === undefined) continue
    const whole = c.path.split(" ").length === depth + 1
    if (whole || !words.has(word)) words.set(word, whole ? c.summary : "")
  }
  return [...words].map(([word, about]) => ({ word, about }))
}

const flagsOf = (flags: string) => flags.split(/[ ,]+/).filter((f) => f.startsWith("-"))
