import { type Call, text } from "./command.ts"

/** Writes `value` as JSON or YAML when -o asks for it, else what `human` makes. */
export async function writeOutput(call: Call, value: unknown, human: () => string): Promise<void> {
  const format = text(call, "output") ?? "table"
  if (format === "json") {
    call.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  } else if (format === "yaml") {
    const { stringify } = await import("yaml")
    call.stdout.write(stringify(value))
  } else {
    call.stdout.write(human())
  }
}
