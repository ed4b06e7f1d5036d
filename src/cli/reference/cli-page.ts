import type { Command } from "../command.ts"
import { exitCodes } from "./exit-codes.ts"

/** docs/cli.md. */
export function cliPage(commands: readonly Command[]): string {
  const sections = commands.map((c) => {
    const usage = ["berth", c.path, ...(c.args ?? []).map((a) => a.spec)].join(" ")
    const args = (c.args ?? []).map(
      (a) => `| \`${a.spec}\` | ${cell(a.about)} | ${(a.choices ?? []).join(", ")} |`,
    )
    const options = c.options.map(
      (o) =>
        `| \`${o.flags}\` | ${cell(o.about)}${o.required ? " (required)" : ""}${o.many ? " (repeatable)" : ""} | ${[...(o.choices ?? []), ...(o.default === undefined ? [] : [`default \`${o.default}\``])].join(", ")} |`,
    )
    const rows = [...args, ...options]
    return [
      `## berth ${c.path}`,
      "",
      c.about ?? c.summary,
      "",
      `\`${usage}\``,
      "",
      ...(rows.length === 0 ? [] : ["| | | values |", "|---|---|---|", ...rows, ""]),
      "```sh",
      ...c.examples,
      "```",
      "",
    ].join("\n")
  })
  const codes = exitCodes.map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`)
  return [
    "# Commands",
    "",
    "Generated from `src/cli/commands.ts` by `node scripts/docs.ts`.",
    "",
    "| exit code | means |",
    "|---|---|",
    ...codes,
    "",
    ...sections,
  ].join("\n")
}

const cell = (text: string) => text.replaceAll("|", "\\|")
