// Goal: a command that Berth tells people to type exists, with the options it names.
import assert from "node:assert/strict"
import { globSync, readFileSync } from "node:fs"
import { test } from "node:test"
import { commands } from "../src/cli/commands.ts"

const sources = [
  ...globSync("src/**/*.ts").filter((f) => !/\.test\.ts$|\/testing\//.test(f)),
  ...globSync("{README,CONTRIBUTING}.md"),
  ...globSync("docs/*.md"),
]
/** `berth WORDS OPTIONS`, up to the end of the string, the code span or the sentence. */
const mention = /\b(?:berth|kubectl berth) ([a-z][a-z-]*(?: [a-z][a-z-]*)?)([^"'`;|&)\n]*)/g
const firstWords = new Set(commands.map((c) => c.path.split(" ")[0]))
const everywhere = new Set(["--help", "--version"])

const commandOf = (words: string) =>
  commands.find((c) => c.path === words) ?? commands.find((c) => c.path === words.split(" ")[0])

function wrongWith(words: string, rest: string): string | undefined {
  if (words.startsWith("-")) return undefined
  const command = commandOf(words)
  const [first = ""] = words.split(" ")
  if (command === undefined) return firstWords.has(first) ? undefined : `no command ${first}`
  const known = new Set(command.options.flatMap((o) => o.flags.match(/--?[a-z][a-z-]*/g) ?? []))
  const asked = rest.match(/(?<=\s)--?[a-z][a-z-]*/g) ?? []
  const unknown = asked.filter((flag) => !known.has(flag) && !everywhere.has(flag))
  return unknown.length === 0 ? undefined : `${command.path} has no ${unknown.join(", ")}`
}

test("every command that is printed or documented exists", () => {
  const wrong = sources.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(mention)].flatMap(([text, words = "", rest = ""]) => {
      const why = wrongWith(words, rest)
      return why === undefined ? [] : [`${file}: ${text.trim()}: ${why}`]
    }),
  )
  assert.deepEqual(wrong, [])
})
