import { fail } from "../errors/catalogue.ts"
import { type Call, text } from "./command.ts"

/** Option `name` as a whole number within bounds, or undefined when it was not given. */
export function wholeNumber(
  call: Call,
  name: string,
  { least, most }: { least: number; most: number },
): number | undefined {
  const value = text(call, name)
  if (value === undefined) return undefined
  const number = Number(value)
  if (!/^\d{1,9}$/.test(value) || number < least || number > most)
    throw fail("cli/bad-option", {
      option: `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      value,
      expected: `a whole number from ${least} to ${most}`,
    })
  return number
}
