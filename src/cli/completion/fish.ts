import type { Command } from "../command.ts"
import { completions } from "./words.ts"

/** Put the output into ~/.config/fish/completions/berth.fish, or source it. */
export function fish(commands: readonly Command[], program: string): string {
  const name = `__${program.replaceAll("-", "_")}_at`
  const known = completions(commands)
    .filter((c) => c.after !== "")
    .map((c) => `'${c.after}'`)
    .join(" ")
  const lines = completions(commands).flatMap((c) => {
    const when = `complete -c ${program} -n "${name} '${c.after}'"`
    return [
      ...c.subcommands.map((s) => `${when} -f -a ${s.word}${about(s.about)}`),
      ...c.values.map((v) => `${when} -f -a ${v}`),
      ...c.flags.map((f) => {
        const form = f.flag.startsWith("--") ? `-l ${f.flag.slice(2)}` : `-s ${f.flag.slice(1)}`
        const value =
          f.choices.length > 0 ? ` -x -a '${f.choices.join(" ")}'` : f.takesValue ? " -r" : ""
        return `${when} ${form}${value}${about(f.about)}`
      }),
    ]
  })
  return `# fish completion for ${program}: ${program} completion fish | source
function ${name}
  set -l path ""
  for word in (commandline -opc)[2..-1]
    string match -q -- '-*' $word; and break
    set -l next (string trim "$path $word")
    contains -- $next ${known}; and set path $next
  end
  test "$path" = "$argv[1]"
end
${lines.join("\n")}
`
}

const about = (text: string) => (text === "" ? "" : ` -d '${text.replaceAll("'", "")}'`)
