import type { Command } from "../command.ts"
import { completions } from "./words.ts"

/** Put the output into a file named _berth on $fpath, or source it after compinit. */
export function zsh(commands: readonly Command[], program: string): string {
  const cases = completions(commands).map((c) => {
    const words = [
      ...c.subcommands.map((s) => item(s.word, s.about)),
      ...c.values.map((v) => item(v, "")),
      ...c.flags.map((f) => item(f.flag, f.about)),
    ]
    return `    '${c.after}') items=(${words.join(" ")}) ;;`
  })
  const choices = completions(commands).flatMap((c) =>
    c.flags
      .filter((f) => f.choices.length > 0)
      .map(
        (f) =>
          `    '${c.after}|${f.flag}') items=(${f.choices.map((v) => item(v, "")).join(" ")}) ;;`,
      ),
  )
  const name = `_${program.replaceAll("-", "_")}`
  return `#compdef ${program}
${name}() {
  local -a items; local path="" word i
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    [[ $word == -* ]] && break
    case "\${path:+$path }$word" in
      ${completions(commands)
        .filter((c) => c.after !== "")
        .map((c) => `'${c.after}'`)
        .join("|")}) path="\${path:+$path }$word" ;;
    esac
  done
  case $path in
${cases.join("\n")}
  esac
  case "$path|\${words[CURRENT-1]}" in
${choices.join("\n")}
  esac
  (( \${#items} )) && _describe -t commands ${program} items || _files
}
compdef ${name} ${program}
`
}

/** _describe takes 'word:about'; colons of the word and quotes are escaped. */
const item = (word: string, about: string) =>
  `'${word.replaceAll(":", "\\:")}${about === "" ? "" : `:${about.replaceAll("'", "")}`}'`
