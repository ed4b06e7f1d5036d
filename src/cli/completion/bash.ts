import type { Command } from "../command.ts"
import { completions } from "./words.ts"

/** Works with bash 3.2 and later; needs no bash-completion package. */
export function bash(commands: readonly Command[], program: string): string {
  const cases = completions(commands).map((c) => {
    const words = [
      ...c.subcommands.map((s) => s.word),
      ...c.values,
      ...c.flags.map((f) => f.flag),
    ].join(" ")
    return `    "${c.after}") words="${words}" ;;`
  })
  const choices = completions(commands).flatMap((c) =>
    c.flags
      .filter((f) => f.choices.length > 0)
      .map((f) => `    "${c.after}|${f.flag}") words="${f.choices.join(" ")}" ;;`),
  )
  const name = `_${program.replaceAll("-", "_")}`
  return `# bash completion for ${program}: source <(${program} completion bash)
${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -*) break ;;
      *) case "\${path:+$path }\${COMP_WORDS[i]}" in
           ${completions(commands)
             .filter((c) => c.after !== "")
             .map((c) => `"${c.after}"`)
             .join("|")}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
         esac ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  case "$path|$previous" in
${choices.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${name} ${program}
`
}
