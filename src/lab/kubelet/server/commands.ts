/**
 * Programs that `kubectl exec` may run in a pod's network namespace. The processes see the files of this machine, with
 * the rights of whoever started the lab: hence network tools only, and no way from them to files or other programs.
 */
const allowed: ReadonlySet<string> = new Set([
  "curl",
  "dig",
  "echo",
  "false",
  "getent",
  "hostname",
  "ip",
  "nc",
  "netstat",
  "nslookup",
  "ping",
  "sleep",
  "ss",
  "tracepath",
  "traceroute",
  "true",
  "wget",
])

/** What `cat` may show. */
const readable =
  /^(\/etc\/(hosts|resolv\.conf|os-release)|\/proc\/net\/[\w/]+|\/proc\/sys\/net\/[\w/.-]+|\/sys\/class\/net\/[\w./-]+)$/

export type Verdict = { command: [string, ...string[]] } | { refused: string }

/** Decides whether a command may run. `sh -c` may combine allowed ones with `;`, `&&`, `||` and `|`. */
export function judge(words: readonly string[]): Verdict {
  const [program = "", ...args] = words
  const name = program.split("/").at(-1) ?? ""
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
  for (const words of commands) {
    const [program = "", ...more] = words
    const why = refusal(program, more)
    if (why !== undefined) return { refused: why }
  }
  return { command: ["sh", "-c", script] }
}

function refusal(program: string, args: readonly string[]): string | undefined {
  if (program === "cat") {
    const secret = args.find((a) => a.includes("..") || !readable.test(a))
    return args.length > 0 && secret === undefined
      ? undefined
      : `cat shows only files about the network, not ${secret ?? "its input"}`
  }
  if (!allowed.has(program))
    return `"${program}" is not among the programs of the lab's pods (${[...allowed, "cat", "sh -c"].join(", ")})`
  return dangerous(program, args)
}

/** Options by which an allowed program would touch files or start others. */
const forbidden: Readonly<Record<string, RegExp>> = {
  curl: /^(-K|--config|-T|--upload-file|-F.*@|--form|-O|--remote-name.*|--output-dir|-c|--cookie-jar|-D|--dump-header|--trace.*|--stderr|-E|--cert|--key|--unix-socket|--abstract-unix-socket|-d@.*|--data.*@.*|@.*|file:.*)$/,
  wget: /^(-i|--input-file.*|-P.*|--directory-prefix.*|-o|-a|--output-file.*|--append-output.*|--post-file.*|--body-file.*|--use-askpass.*|--config.*|-e|--execute.*|-r|--recursive|-m|--mirror|-x|--save-cookies.*|--load-cookies.*|file:.*)$/,
  nc: /^(-\w*[ecU]\w*|--exec|--sh-exec|--lua-exec)$/,
  ip: /^(netns|-n|-netns|-b|-batch|vrf|-force)$/,
  dig: /^(-f|-k)$/,
  hostname: /^(-F|--file|-b|[^-].*)$/,
}

function dangerous(program: string, args: readonly string[]): string | undefined {
  const rule = forbidden[program]
  const bad = rule && args.find((a) => rule.test(a))
  if (bad !== undefined) return `${program} ${bad} is not run in the lab's pods`
  // Output to a file only to nowhere.
  const output = args.findIndex((a) => /^(-\w*[oO]|--output|--output-document)$/.test(a))
  const to = args[output + 1]
  if (["curl", "wget"].includes(program) && output >= 0 && to !== "/dev/null" && to !== "-")
    return `${program} may write to /dev/null or - only`
  return undefined
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
    if (/^['"].+/s.test(token) || token === "''" || token === '""')
      word = (word ?? "") + token.slice(1, -1)
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
