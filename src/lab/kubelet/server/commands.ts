import { forbiddenArgument } from "./options.ts"
import { programRules } from "./programs.ts"

export type Verdict = { command: [string, ...string[]] } | { refused: string }

/** Decides whether a command may run. `sh -c` may combine allowed ones with `;`, `&&`, `||` and `|`. */
export function judge(words: readonly string[]): Verdict {
  const [program = "", ...args] = words
  const name = /^(?:\/(?:usr\/)?s?bin\/)?([^/]*)$/.exec(program)?.[1] ?? program
  if (["sh", "bash", "ash"].includes(name)) return judgeScript(name, args)
  const why = refusal(name, args)
  return why === undefined ? { command: [name, ...args] } : { refused: why }
}

function judgeScript(shell: string, args: readonly string[]): Verdict {
  const [option, script = "", ...rest] = args
  if (option !== "-c" || rest.length > 0)
    return { refused: `${shell} runs only as: ${shell} -c 'COMMANDS', without a terminal` }
  const commands = splitScript(script)
  if (!commands)
    return { refused: "redirections, variables, substitutions and background jobs are not run" }
  for (const [program = "", ...more] of commands) {
    const why = refusal(program, more)
    if (why !== undefined) return { refused: why }
  }
  return { command: ["sh", "-c", script] }
}

function refusal(program: string, args: readonly string[]): string | undefined {
  const rules = Object.hasOwn(programRules, program) ? programRules[program] : undefined
  if (!rules) {
    const known = [...Object.keys(programRules), "sh -c"].join(", ")
    return `"${program}" is not among the programs of the lab's pods (${known})`
  }
  // Without a file it would wait for input.
  if (program === "cat" && args.length === 0) return "cat wants a file about the network"
  const bad = forbiddenArgument(rules, args)
  return bad === undefined ? undefined : `${program} ${bad} is not run in the lab's pods`
}

/**
 * The simple commands of a shell script, as words; undefined when it uses more of the shell than quotes, `;`, `&&`,
 * `||`, `|` and line breaks.
 */
function splitScript(script: string): string[][] | undefined {
  const tokens = script.match(
    /'[^']*'|"[^"$`\\]*"|&&|\|\||[;|\n]|[^\s'";|&<>()$`\\{}*?[\]#!~]+|\s+|./g,
  )
  const commands: string[][] = [[]]
  let word: string | undefined
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word)
    word = undefined
  }
  for (const token of tokens ?? []) {
    if (/^(?:'.*'|".*")$/s.test(token) && token.length > 1) word = (word ?? "") + token.slice(1, -1)
    else if (["&&", "||", ";", "|", "\n"].includes(token)) {
      endWord()
      commands.push([])
    } else if (/^\s+$/.test(token)) endWord()
    else if (/^[^'";|&<>()$`\\{}*?[\]#!~]+$/.test(token)) word = (word ?? "") + token
    else return undefined
  }
  endWord()
  return commands.filter((c) => c.length > 0)
}
